// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IAccessControlDefaultAdminRules} from
    "@openzeppelin/contracts/access/extensions/IAccessControlDefaultAdminRules.sol";
import {Anchor} from "../src/Anchor.sol";
import {Checks, Vm} from "./Vm.sol";

contract AnchorTest is Checks {
    Anchor private log;
    uint64 private immutable growth;
    bytes32 private immutable role;

    constructor() {
        log = new Anchor(ORIGIN, ADMIN, DELAY, ANCHORER);
        growth = log.MAX_GROWTH();
        role = log.ANCHOR_ROLE();
    }

    function setUp() external {
        log = new Anchor(ORIGIN, ADMIN, DELAY, ANCHORER);
    }

    function put(uint64 size, bytes32 root) private returns (uint64) {
        vm.prank(ANCHORER);
        return log.anchor(size, root);
    }

    function step(uint64 from, uint64 by) private view returns (uint64) {
        return from + 1 + by % growth;
    }

    function test_says_whose_log_it_is() external view {
        assert(log.origin() == ORIGIN);
        assert(log.defaultAdmin() == ADMIN);
        assert(log.defaultAdminDelay() == DELAY);
        assert(log.hasRole(role, ANCHORER));
        assert(!log.hasRole(role, ADMIN));
        assert(log.count() == 0);
        assert(log.successor() == address(0));
    }

    function test_keeps_what_it_was_told(uint64 a, uint64 b, bytes32 first, bytes32 second) external {
        uint64 size = step(0, a);
        uint64 next = step(size, b);
        assert(put(size, first) == 0);
        assert(put(next, second) == 1);
        assert(log.count() == 2);
        (uint64 size0, bytes32 root0) = log.at(0);
        (uint64 size1, bytes32 root1) = log.at(1);
        assert(size0 == size && root0 == first && size1 == next && root1 == second);
    }

    function test_tells_it_in_one_event(uint64 a, bytes32 root) external {
        uint64 size = step(0, a);
        vm.recordLogs();
        put(size, root);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assert(logs.length == 1);
        assert(logs[0].emitter == address(log));
        assert(logs[0].topics.length == 3);
        assert(logs[0].topics[0] == keccak256("Anchored(bytes32,uint64,uint64,bytes32)"));
        assert(logs[0].topics[1] == ORIGIN);
        assert(logs[0].topics[2] == bytes32(0));
        assert(keccak256(logs[0].data) == keccak256(abi.encode(size, root)));
    }

    function test_the_newest_once_more_changes_nothing(uint64 a, uint64 b, bytes32 root) external {
        uint64 size = step(0, a);
        uint64 next = step(size, b);
        put(size, root);
        put(next, root);
        vm.recordLogs();
        assert(put(next, root) == 1);
        assert(vm.getRecordedLogs().length == 0);
        assert(log.count() == 2);
    }

    function test_never_another_root_for_a_size(uint64 a, bytes32 root, bytes32 other) external {
        vm.assume(root != other);
        uint64 size = step(0, a);
        put(size, root);
        vm.prank(ANCHORER);
        vm.expectRevert(abi.encodeWithSelector(Anchor.OtherRoot.selector, size, root, other));
        log.anchor(size, other);
    }

    function test_never_a_smaller_tree(uint64 a, uint64 smaller, bytes32 root) external {
        uint64 size = step(0, a);
        smaller %= size;
        put(size, root);
        vm.prank(ANCHORER);
        vm.expectRevert(abi.encodeWithSelector(Anchor.Shrinks.selector, size, smaller));
        log.anchor(smaller, root);
    }

    function test_never_the_empty_tree(bytes32 root) external {
        vm.prank(ANCHORER);
        vm.expectRevert(abi.encodeWithSelector(Anchor.Shrinks.selector, 0, 0));
        log.anchor(0, root);
    }

    function test_never_a_jump(uint64 a, uint64 target, bytes32 root) external {
        uint64 size = step(0, a);
        put(size, root);
        uint64 least = size + growth + 1;
        target = least + target % (type(uint64).max - least);
        vm.prank(ANCHORER);
        vm.expectRevert(abi.encodeWithSelector(Anchor.Jumps.selector, size, target));
        log.anchor(target, root);
    }

    function test_the_largest_step_is_allowed(bytes32 root) external {
        assert(put(growth, root) == 0);
        assert(put(2 * growth, root) == 1);
    }

    function test_nobody_else_anchors(address other, uint64 a, bytes32 root) external {
        vm.assume(other != ANCHORER);
        vm.prank(other);
        vm.expectRevert(abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, other, role));
        log.anchor(step(0, a), root);
    }

    function test_a_lost_key_is_replaced_by_the_admin(address next, bytes32 root) external {
        vm.assume(next != ANCHORER);
        vm.prank(ADMIN);
        log.revokeRole(role, ANCHORER);
        vm.prank(ADMIN);
        log.grantRole(role, next);
        vm.prank(next);
        assert(log.anchor(1, root) == 0);
        vm.prank(ANCHORER);
        vm.expectRevert(abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, ANCHORER, role));
        log.anchor(2, root);
    }

    function test_the_anchorer_cannot_hand_on_its_role(address next) external {
        vm.prank(ANCHORER);
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, ANCHORER, bytes32(0))
        );
        log.grantRole(role, next);
    }

    function test_the_admin_changes_in_two_steps_and_not_at_once(uint32 early) external {
        address next = address(0xCAFE);
        vm.warp(1_000_000);
        vm.prank(ADMIN);
        log.beginDefaultAdminTransfer(next);
        vm.warp(1_000_000 + uint256(early) % (DELAY + 1));
        vm.prank(next);
        vm.expectRevert(
            abi.encodeWithSelector(
                IAccessControlDefaultAdminRules.AccessControlEnforcedDefaultAdminDelay.selector, 1_000_000 + DELAY
            )
        );
        log.acceptDefaultAdminTransfer();
        vm.warp(1_000_001 + DELAY);
        vm.prank(next);
        log.acceptDefaultAdminTransfer();
        assert(log.defaultAdmin() == next);
    }

    function test_a_successor_only_informs(address next, address other, bytes32 root) external {
        put(1, root);
        vm.prank(ADMIN);
        log.nameSuccessor(next);
        assert(log.successor() == next);
        assert(put(2, root) == 1);
        vm.assume(other != ADMIN);
        vm.prank(other);
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, other, bytes32(0))
        );
        log.nameSuccessor(other);
    }

    function test_what_was_never_anchored_has_no_answer(uint64 sequence) external {
        vm.expectRevert(abi.encodeWithSelector(Anchor.NotAnchored.selector, sequence));
        log.at(sequence);
    }

    function test_takes_no_money_and_no_unknown_call(bytes4 selector) external {
        (bool paid,) = address(log).call{value: 1}("");
        assert(!paid);
        vm.assume(selector != log.anchor.selector);
        (bool sent,) = address(log).call{value: 1}(abi.encodeWithSelector(selector, 1, 1));
        assert(!sent);
    }
}
