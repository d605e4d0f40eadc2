// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

/// A store for tests, with the outside of a Rain interpreter store.
contract WordStore {
    event Set(uint256 namespace, bytes32 key, bytes32 value);

    error OddSetLength(uint256 length);

    mapping(uint256 => mapping(bytes32 => bytes32)) internal words;

    function set(uint256 namespace, bytes32[] calldata kvs) external {
        if (kvs.length % 2 != 0) revert OddSetLength(kvs.length);
        uint256 qualified = uint256(keccak256(abi.encode(namespace, msg.sender)));
        for (uint256 i = 0; i < kvs.length; i += 2) {
            words[qualified][kvs[i]] = kvs[i + 1];
            emit Set(qualified, kvs[i], kvs[i + 1]);
        }
    }

    function get(uint256 namespace, bytes32 key) external view returns (bytes32) {
        return words[namespace][key];
    }
}
