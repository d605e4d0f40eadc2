// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

interface IStore {
    function get(uint256 namespace, bytes32 key) external view returns (bytes32);
}

/// A small expression interpreter: two bytes per word, an opcode and its operand, over a stack in memory.
/// What it is for is its shape: dispatch through function pointers, checked arithmetic, memory, hashing, and
/// reads of a store, as in a real order's evaluation.
contract Interpreter {
    struct Run {
        uint256[] stack;
        uint256 height;
        uint256[] constants;
        uint256[] context;
        bytes32[] writes;
        uint256 written;
        IStore store;
        uint256 namespace;
    }

    error StackUnderflow();
    error Ensure(uint256 at);
    error UnknownWord(uint256 opcode);

    uint256 internal constant ONE = 1e18;

    function eval(
        IStore store,
        uint256 namespace,
        bytes calldata program,
        uint256[] calldata constants,
        uint256[] calldata context
    ) external view returns (uint256[] memory stack, bytes32[] memory writes) {
        Run memory run;
        run.stack = new uint256[](64);
        run.writes = new bytes32[](16);
        run.constants = constants;
        run.context = context;
        run.store = store;
        run.namespace = namespace;
        function(Run memory, uint256) internal view[17] memory words = [
            push, fromContext, get, set, add, sub, mul, div, min, max, greater, ensure, hash, time, number, dup, external_
        ];
        for (uint256 at = 0; at + 1 < program.length; at += 2) {
            uint256 opcode = uint8(program[at]);
            if (opcode >= words.length) revert UnknownWord(opcode);
            words[opcode](run, uint8(program[at + 1]));
        }
        stack = new uint256[](run.height);
        for (uint256 i = 0; i < run.height; i++) stack[i] = run.stack[run.height - 1 - i];
        writes = new bytes32[](run.written);
        for (uint256 i = 0; i < run.written; i++) writes[i] = run.writes[i];
    }

    function pop(Run memory run) internal pure returns (uint256) {
        if (run.height == 0) revert StackUnderflow();
        return run.stack[--run.height];
    }

    function put(Run memory run, uint256 value) internal pure {
        run.stack[run.height++] = value;
    }

    function push(Run memory run, uint256 index) internal view {
        put(run, run.constants[index]);
    }

    function fromContext(Run memory run, uint256 index) internal view {
        put(run, run.context[index]);
    }

    function get(Run memory run, uint256) internal view {
        put(run, uint256(run.store.get(run.namespace, bytes32(pop(run)))));
    }

    function set(Run memory run, uint256) internal view {
        run.writes[run.written++] = bytes32(pop(run));
        run.writes[run.written++] = bytes32(pop(run));
    }

    function add(Run memory run, uint256) internal view {
        put(run, pop(run) + pop(run));
    }

    function sub(Run memory run, uint256) internal view {
        uint256 a = pop(run);
        put(run, a - pop(run));
    }

    function mul(Run memory run, uint256) internal view {
        put(run, mulDiv(pop(run), pop(run), ONE));
    }

    function div(Run memory run, uint256) internal view {
        uint256 a = pop(run);
        put(run, mulDiv(a, ONE, pop(run)));
    }

    function min(Run memory run, uint256) internal view {
        uint256 a = pop(run);
        uint256 b = pop(run);
        put(run, a < b ? a : b);
    }

    function max(Run memory run, uint256) internal view {
        uint256 a = pop(run);
        uint256 b = pop(run);
        put(run, a > b ? a : b);
    }

    function greater(Run memory run, uint256) internal view {
        put(run, pop(run) > pop(run) ? 1 : 0);
    }

    function ensure(Run memory run, uint256 at) internal view {
        if (pop(run) == 0) revert Ensure(at);
    }

    function hash(Run memory run, uint256 count) internal view {
        uint256[] memory items = new uint256[](count);
        for (uint256 i = 0; i < count; i++) items[i] = pop(run);
        put(run, uint256(keccak256(abi.encodePacked(items))));
    }

    function time(Run memory run, uint256) internal view {
        put(run, block.timestamp);
    }

    function number(Run memory run, uint256) internal view {
        put(run, block.number);
    }

    function dup(Run memory run, uint256 depth) internal view {
        put(run, run.stack[run.height - 1 - depth]);
    }

    /// Calls `balanceOf(address)` of a token on the stack.
    function external_(Run memory run, uint256) internal view {
        address token = address(uint160(pop(run)));
        (bool ok, bytes memory out) =
            token.staticcall(abi.encodeWithSignature("balanceOf(address)", address(uint160(pop(run)))));
        put(run, ok && out.length == 32 ? abi.decode(out, (uint256)) : 0);
    }

    /// a * b / c with a product of 512 bits, by long division bit by bit where it does not fit 256.
    function mulDiv(uint256 a, uint256 b, uint256 c) internal pure returns (uint256 result) {
        unchecked {
            uint256 low = a * b;
            uint256 mm = mulmod(a, b, type(uint256).max);
            uint256 high = mm - low - (mm < low ? 1 : 0);
            if (high == 0) return low / c;
            require(high < c, "mulDiv overflow");
            uint256 rest = mulmod(a, b, c);
            // (high * 2^256 + low - rest) is a multiple of c: divide out the twos, then multiply by the inverse.
            high -= low < rest ? 1 : 0;
            low -= rest;
            uint256 twos = c & (~c + 1);
            c /= twos;
            low = low / twos | high * (twos == 1 ? 0 : type(uint256).max / twos + 1);
            uint256 inverse = 3 * c ^ 2;
            for (uint256 i = 0; i < 6; i++) inverse *= 2 - c * inverse;
            return low * inverse;
        }
    }
}

contract Store is IStore {
    mapping(uint256 => mapping(bytes32 => bytes32)) internal values;

    function get(uint256 namespace, bytes32 key) external view returns (bytes32) {
        return values[namespace][key];
    }
}
