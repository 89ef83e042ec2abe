// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessControlDefaultAdminRules} from
    "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";

/// Viction's transaction pool reads slots 0 and 1 of every recipient as a VRC25 token and may refuse a transaction by
/// what it finds there. These slots stay empty for ever, so this contract must be the first base of any other.
abstract contract Reserved {
    uint256[3] private _reserved;
}

/// @title The sizes and roots of one public log, in order
/// @notice An anchored root says that the log showed this tree to the world no later than this block. It counts only
/// if the log signed it too. The contract holds no person's data, and nothing in it can be changed or taken back.
contract Anchor is Reserved, AccessControlDefaultAdminRules {
    bytes32 public constant ANCHOR_ROLE = keccak256("ANCHOR_ROLE");

    /// @notice No tree may grow by more than this between two anchors: a stolen key cannot jump to the last size.
    uint64 public constant MAX_GROWTH = 2 ** 24;

    /// @notice SHA-256 of the log's origin.
    bytes32 public immutable origin;

    /// @notice Where the log is anchored next. It informs people and binds nobody.
    address public successor;

    uint64[] private _sizes;
    mapping(uint256 sequence => bytes32 root) private _roots;

    event Anchored(bytes32 indexed origin, uint64 indexed sequence, uint64 size, bytes32 root);
    event SuccessorNamed(address indexed successor);

    error Shrinks(uint64 latest, uint64 size);
    error Jumps(uint64 latest, uint64 size);
    error OtherRoot(uint64 size, bytes32 anchored, bytes32 root);
    error NotAnchored(uint64 sequence);

    constructor(bytes32 origin_, address admin, uint48 adminDelay, address anchorer)
        AccessControlDefaultAdminRules(adminDelay, admin)
    {
        origin = origin_;
        _grantRole(ANCHOR_ROLE, anchorer);
    }

    /// @notice Anchor the tree of `size` leaves. The newest anchor once more changes nothing and succeeds, so that a
    /// caller who lost the answer may ask again.
    function anchor(uint64 size, bytes32 root) external onlyRole(ANCHOR_ROLE) returns (uint64 sequence) {
        sequence = count();
        uint64 latest = 0;
        if (sequence != 0) {
            latest = _sizes[sequence - 1];
            if (size == latest) {
                bytes32 anchored = _roots[sequence - 1];
                if (root != anchored) revert OtherRoot(size, anchored, root);
                return sequence - 1;
            }
        }
        // The empty tree says nothing, so a first anchor of size 0 is refused with the shrinking ones.
        if (size <= latest) revert Shrinks(latest, size);
        if (size - latest > MAX_GROWTH) revert Jumps(latest, size);
        _sizes.push(size);
        _roots[sequence] = root;
        emit Anchored(origin, sequence, size, root);
    }

    /// @notice How many anchors there are; the newest has the sequence count() - 1.
    function count() public view returns (uint64) {
        return uint64(_sizes.length);
    }

    function at(uint64 sequence) external view returns (uint64 size, bytes32 root) {
        if (sequence >= _sizes.length) revert NotAnchored(sequence);
        return (_sizes[sequence], _roots[sequence]);
    }

    function nameSuccessor(address next) external onlyRole(DEFAULT_ADMIN_ROLE) {
        successor = next;
        emit SuccessorNamed(next);
    }
}
