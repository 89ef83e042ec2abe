// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Anchor} from "../src/Anchor.sol";
import {Checks} from "./Vm.sol";

/// For all inputs, by halmos: not a sample of them. Each begins from two anchors of any sizes and roots.
contract AnchorProofs is Checks {
    Anchor private log;

    function setUp() public {
        log = new Anchor(ORIGIN, ADMIN, DELAY, ANCHORER);
    }

    function begin(uint64 first, uint64 second, bytes32 root) private {
        vm.assume(first > 0 && first <= log.MAX_GROWTH());
        vm.assume(second > first && second - first <= log.MAX_GROWTH());
        vm.prank(ANCHORER);
        log.anchor(first, ~root);
        vm.prank(ANCHORER);
        log.anchor(second, root);
    }

    function check_a_tree_never_shrinks_and_never_jumps(uint64 a, uint64 b, bytes32 root, uint64 size, bytes32 next)
        public
    {
        begin(a, b, root);
        vm.prank(ANCHORER);
        (bool done,) = address(log).call(abi.encodeCall(Anchor.anchor, (size, next)));
        if (!done) return;
        assert(size >= b && size - b <= log.MAX_GROWTH());
        assert(size != b || (next == root && log.count() == 2));
        assert(size == b || log.count() == 3);
    }

    function check_what_is_allowed_is_done(uint64 a, uint64 b, bytes32 root, uint64 size, bytes32 next) public {
        begin(a, b, root);
        vm.assume(size > b && size - b <= log.MAX_GROWTH());
        vm.prank(ANCHORER);
        (bool done,) = address(log).call(abi.encodeCall(Anchor.anchor, (size, next)));
        assert(done);
        (uint64 told, bytes32 kept) = log.at(2);
        assert(told == size && kept == next);
    }

    function check_the_past_stands(uint64 a, uint64 b, bytes32 root, uint64 size, bytes32 next) public {
        begin(a, b, root);
        vm.prank(ANCHORER);
        (bool done,) = address(log).call(abi.encodeCall(Anchor.anchor, (size, next)));
        done;
        (uint64 size0, bytes32 root0) = log.at(0);
        (uint64 size1, bytes32 root1) = log.at(1);
        assert(size0 == a && root0 == ~root && size1 == b && root1 == root);
    }

    function check_only_the_role_anchors(address who, uint64 size, bytes32 root) public {
        vm.assume(who != ANCHORER);
        vm.prank(who);
        (bool done,) = address(log).call(abi.encodeCall(Anchor.anchor, (size, root)));
        assert(!done);
        assert(log.count() == 0);
    }

    function check_only_the_admin_gives_roles(address who, bytes32 role, address to) public {
        vm.assume(who != ADMIN);
        vm.prank(who);
        (bool done,) = address(log).call(abi.encodeWithSignature("grantRole(bytes32,address)", role, to));
        assert(!done);
    }

    function check_no_call_changes_an_anchor(address who, uint64 a, uint64 b, bytes32 root, bytes4 selector, bytes32 x, bytes32 y)
        public
    {
        begin(a, b, root);
        vm.prank(who);
        (bool done,) = address(log).call(abi.encodePacked(selector, x, y));
        done;
        (uint64 size0, bytes32 root0) = log.at(0);
        (uint64 size1, bytes32 root1) = log.at(1);
        assert(size0 == a && root0 == ~root && size1 == b && root1 == root);
        assert(log.origin() == ORIGIN);
    }
}
