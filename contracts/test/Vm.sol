// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// The few cheat codes of the test machine that are used here.
interface Vm {
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    function prank(address sender) external;
    function assume(bool condition) external;
    function expectRevert(bytes calldata data) external;
    function recordLogs() external;
    function getRecordedLogs() external returns (Log[] memory);
    function warp(uint256 time) external;
    function load(address target, bytes32 slot) external view returns (bytes32);
}

/// forge runs every public function that begins with `test` or `invariant`, halmos those that begin with `check`.
abstract contract Checks {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    bytes32 internal constant ORIGIN = keccak256("log.example");
    uint48 internal constant DELAY = 1 days;
    address internal constant ADMIN = address(0xA11CE);
    address internal constant ANCHORER = address(0xB0B);
}
