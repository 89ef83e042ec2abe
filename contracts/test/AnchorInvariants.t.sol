// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Anchor} from "../src/Anchor.sol";
import {Checks} from "./Vm.sol";

/// Does whatever anybody may try, in any order, and remembers what was accepted.
contract Everybody is Checks {
    Anchor public immutable log;
    uint64[] public sizes;
    bytes32[] public roots;

    constructor(Anchor log_) {
        log = log_;
    }

    function accepted() external view returns (uint256) {
        return sizes.length;
    }

    function anchors(uint64 size, bytes32 root) external {
        attempt(ANCHORER, size, root);
    }

    function anchorsNearby(uint8 by, bytes32 root) external {
        attempt(ANCHORER, latest() + by, root);
    }

    function anchorsTheLimit(uint8 past, bytes32 root) external {
        attempt(ANCHORER, latest() + log.MAX_GROWTH() + past % 2, root);
    }

    function repeats(bool same) external {
        if (sizes.length == 0) return;
        bytes32 root = roots[roots.length - 1];
        attempt(ANCHORER, latest(), same ? root : ~root);
    }

    function stranger(address who, uint64 size, bytes32 root) external {
        if (who != ANCHORER) attempt(who, latest() + 1 + size % 8, root);
    }

    function admin(address next, uint8 what) external {
        bytes32 role = log.ANCHOR_ROLE();
        vm.prank(ADMIN);
        if (what % 3 == 0) log.nameSuccessor(next);
        else if (what % 3 == 1) log.revokeRole(role, next == ANCHORER ? ADMIN : next);
        else log.beginDefaultAdminTransfer(next);
    }

    function latest() private view returns (uint64) {
        return sizes.length == 0 ? 0 : sizes[sizes.length - 1];
    }

    function attempt(address who, uint64 size, bytes32 root) private {
        uint64 before = log.count();
        vm.prank(who);
        try log.anchor(size, root) {
            assert(who == ANCHORER);
            if (log.count() == before) {
                assert(size == latest() && root == roots[roots.length - 1]);
                return;
            }
            sizes.push(size);
            roots.push(root);
        } catch {
            assert(log.count() == before);
        }
    }
}

contract AnchorInvariants is Checks {
    Anchor private log;
    Everybody private everybody;

    function setUp() external {
        log = new Anchor(ORIGIN, ADMIN, DELAY, ANCHORER);
        everybody = new Everybody(log);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(everybody);
    }

    function invariant_nothing_is_lost_or_altered() external view {
        assert(log.count() == everybody.accepted());
        for (uint64 sequence = 0; sequence < log.count(); sequence++) {
            (uint64 size, bytes32 root) = log.at(sequence);
            assert(size == everybody.sizes(sequence));
            assert(root == everybody.roots(sequence));
        }
    }

    function invariant_sizes_only_grow_and_only_so_much() external view {
        uint64 before = 0;
        for (uint64 sequence = 0; sequence < log.count(); sequence++) {
            (uint64 size,) = log.at(sequence);
            assert(size > before && size - before <= log.MAX_GROWTH());
            before = size;
        }
    }

    function invariant_slots_that_the_pool_reads_stay_empty() external view {
        for (uint256 slot = 0; slot < 3; slot++) {
            assert(vm.load(address(log), bytes32(slot)) == 0);
        }
    }

    function invariant_the_origin_never_changes() external view {
        assert(log.origin() == ORIGIN);
    }
}
