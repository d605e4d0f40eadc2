// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

// The tuples of order book V5, in the order of its ABI. Amounts and ratios are decimal floats.

struct Evaluable {
    address interpreter;
    address store;
    bytes bytecode;
}

struct IO {
    address token;
    bytes32 vaultId;
}

struct Order {
    address owner;
    Evaluable evaluable;
    IO[] validInputs;
    IO[] validOutputs;
    bytes32 nonce;
}

struct OrderConfig {
    Evaluable evaluable;
    IO[] validInputs;
    IO[] validOutputs;
    bytes32 nonce;
    bytes32 secret;
    bytes meta;
}

struct SignedContext {
    address signer;
    bytes32[] context;
    bytes signature;
}

struct Task {
    Evaluable evaluable;
    SignedContext[] signedContext;
}

/// An order to quote or to take.
struct Choice {
    Order order;
    uint256 inputIOIndex;
    uint256 outputIOIndex;
    SignedContext[] signedContext;
}

struct TakeConfig {
    bytes32 minimumInput;
    bytes32 maximumInput;
    bytes32 maximumIORatio;
    Choice[] orders;
    bytes data;
}

struct ClearConfig {
    uint256 aliceInputIOIndex;
    uint256 aliceOutputIOIndex;
    uint256 bobInputIOIndex;
    uint256 bobOutputIOIndex;
    bytes32 aliceBountyVaultId;
    bytes32 bobBountyVaultId;
}

struct ClearChange {
    bytes32 aliceOutput;
    bytes32 bobOutput;
    bytes32 aliceInput;
    bytes32 bobInput;
}
