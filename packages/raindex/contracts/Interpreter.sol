// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

import {DecimalFloat} from "./DecimalFloat.sol";

interface Store {
    function get(uint256 namespace, bytes32 key) external view returns (bytes32);
}

struct Eval {
    address store;
    uint256 namespace;
    bytes bytecode;
    uint256 sourceIndex;
    bytes32[][] context;
    bytes32[] inputs;
    bytes32[] stateOverlay;
}

/// A small interpreter for tests. It has the outside of a Rain interpreter and opcodes of its own.
/// Bytecode: two bytes with the length of source 0, then both sources.
contract Interpreter {
    error UnknownOpcode(uint8 opcode);

    function eval4(Eval calldata eval) external view returns (bytes32[] memory stack, bytes32[] memory writes) {
        bytes calldata program = sourceOf(eval);
        bytes32[] memory values = new bytes32[](64);
        bytes32[] memory written = new bytes32[](64);
        uint256 top;
        uint256 writtenCount;
        for (uint256 at = 0; at < program.length;) {
            uint8 opcode = uint8(program[at++]);
            if (opcode == 0x01) {
                values[top++] = bytes32(program[at:at + 32]);
                at += 32;
            } else if (opcode == 0x02) {
                values[top++] = eval.context[uint8(program[at])][uint8(program[at + 1])];
                at += 2;
            } else if (opcode == 0x03) {
                values[top - 1] = Store(eval.store).get(eval.namespace, values[top - 1]);
            } else if (opcode == 0x04) {
                written[writtenCount++] = values[top - 2];
                written[writtenCount++] = values[top - 1];
                top -= 2;
            } else if (opcode == 0x05) {
                values[top - 2] = bytes32(uint256(values[top - 2]) + uint256(values[top - 1]));
                top--;
            } else if (opcode == 0x06) {
                values[top - 2] = bytes32(uint256(values[top - 2]) * uint256(values[top - 1]));
                top--;
            } else if (opcode == 0x07) {
                values[top++] = bytes32(block.timestamp);
            } else if (opcode == 0x08) {
                values[top++] = bytes32(block.number);
            } else if (opcode == 0x09) {
                values[top++] = bytes32(block.chainid);
            } else if (opcode == 0x0a) {
                revertWith(values[top - 1]);
            } else if (opcode == 0x0b) {
                values[top - 1] = Store(address(uint160(uint256(values[top - 1])))).get(0, 0);
            } else if (opcode == 0x0c) {
                while (true) {}
            } else if (opcode == 0x0d) {
                values[top++] = bytes32(uint256(uint160(msg.sender)));
            } else if (opcode == 0x0e) {
                values[top - 2] = bytes32(uint256(values[top - 2]) - uint256(values[top - 1]));
                top--;
            } else if (opcode >= 0x10 && opcode <= 0x15) {
                values[top - 2] = floatOf(opcode, values[top - 2], values[top - 1]);
                top--;
            } else {
                revert UnknownOpcode(opcode);
            }
        }
        stack = new bytes32[](top);
        for (uint256 i = 0; i < top; i++) stack[i] = values[top - 1 - i];
        writes = new bytes32[](writtenCount);
        for (uint256 i = 0; i < writtenCount; i++) writes[i] = written[i];
    }

    function floatOf(uint8 opcode, bytes32 a, bytes32 b) internal pure returns (bytes32) {
        if (opcode == 0x10) return DecimalFloat.add(a, b);
        if (opcode == 0x11) return DecimalFloat.sub(a, b);
        if (opcode == 0x12) return DecimalFloat.mul(a, b);
        if (opcode == 0x13) return DecimalFloat.div(a, b);
        return opcode == 0x14 ? DecimalFloat.min(a, b) : DecimalFloat.max(a, b);
    }

    function sourceOf(Eval calldata eval) internal pure returns (bytes calldata) {
        uint256 end = 2 + uint16(bytes2(eval.bytecode[:2]));
        return eval.sourceIndex == 0 ? eval.bytecode[2:end] : eval.bytecode[end:];
    }

    function revertWith(bytes32 word) internal pure {
        assembly ("memory-safe") {
            mstore(0, word)
            revert(0, 32)
        }
    }
}
