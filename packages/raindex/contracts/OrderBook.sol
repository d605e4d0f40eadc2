// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

import {DecimalFloat} from "./DecimalFloat.sol";
import {Eval} from "./Interpreter.sol";
import "./OrderBookTypes.sol";

interface IInterpreter {
    function eval4(Eval calldata eval) external view returns (bytes32[] memory stack, bytes32[] memory writes);
}

interface IStore {
    function set(uint256 namespace, bytes32[] calldata kvs) external;
}

interface IToken {
    function decimals() external view returns (uint8);
    function transfer(address to, uint256 value) external returns (bool);
    function transferFrom(address from, address to, uint256 value) external returns (bool);
}

/// An order book for tests, with the outside of order book V5: its functions, events and errors, and what it makes of
/// deposits, quotes, takes and clears. It is no product: no reentrancy guard, no flash loans, no callbacks.
contract OrderBook {
    using DecimalFloat for bytes32;

    event AddOrderV3(address sender, bytes32 orderHash, Order order);
    event RemoveOrderV3(address sender, bytes32 orderHash, Order order);
    event DepositV2(address sender, address token, bytes32 vaultId, uint256 depositAmountUint256);
    event WithdrawV2(
        address sender,
        address token,
        bytes32 vaultId,
        bytes32 targetAmount,
        bytes32 withdrawAmount,
        uint256 withdrawAmountUint256
    );
    event TakeOrderV3(address sender, Choice config, bytes32 input, bytes32 output);
    event ClearV3(address sender, Order alice, Order bob, ClearConfig clearConfig);
    event AfterClearV2(address sender, ClearChange clearStateChange);
    event ContextV2(address sender, bytes32[][] context);
    event MetaV1_2(address sender, bytes32 subject, bytes meta);
    event OrderNotFound(address sender, address owner, bytes32 orderHash);
    event OrderZeroAmount(address sender, address owner, bytes32 orderHash);
    event OrderExceedsMaxRatio(address sender, address owner, bytes32 orderHash);

    error NotOrderOwner(address sender);
    error ZeroDepositAmount(address sender, address token, bytes32 vaultId);
    error ZeroWithdrawTargetAmount(address sender, address token, bytes32 vaultId);
    error NoOrders();
    error ZeroMaximumInput();
    error TokenMismatch();
    error TokenSelfTrade();
    error SameOwner();
    error MinimumInput(bytes32 minimum, bytes32 actual);
    error ClearZeroAmount();
    error NegativeBounty();
    error NegativeVaultBalance(bytes32 balance);
    error NegativeVaultBalanceChange(bytes32 change);
    error UnsupportedCalculateOutputs(uint256 outputs);
    error InvalidSignature(uint256 index);

    /// An order that was asked what it offers.
    struct Offer {
        Order order;
        bytes32 outputMax;
        bytes32 ioRatio;
        bytes32[][] context;
        bytes32[] writes;
        IO input;
        IO output;
    }

    struct Progress {
        address inputToken;
        address outputToken;
        bytes32 remaining;
        bytes32 totalInput;
        bytes32 totalOutput;
    }

    mapping(bytes32 => bool) internal live;
    mapping(address => mapping(address => mapping(bytes32 => bytes32))) internal vaults;

    function vaultBalance2(address owner, address token, bytes32 vaultId) external view returns (bytes32) {
        return vaults[owner][token][vaultId];
    }

    function orderExists(bytes32 orderHash) external view returns (bool) {
        return live[orderHash];
    }

    function quote2(Choice calldata choice) external view returns (bool, bytes32, bytes32) {
        if (!live[hashOf(choice.order)]) return (false, 0, 0);
        if (inputOf(choice).token == outputOf(choice).token) revert TokenSelfTrade();
        Offer memory offer = calculate(choice, msg.sender);
        return (true, offer.outputMax, offer.ioRatio);
    }

    /// Calls this contract several times in one transaction, all of them or none.
    function multicall(bytes[] calldata calls) external returns (bytes[] memory results) {
        results = new bytes[](calls.length);
        for (uint256 i = 0; i < calls.length; i++) {
            (bool ok, bytes memory result) = address(this).delegatecall(calls[i]);
            if (!ok) {
                assembly ("memory-safe") {
                    revert(add(result, 32), mload(result))
                }
            }
            results[i] = result;
        }
    }

    function entask2(Task[] calldata tasks) external {
        runTasks(tasks, new bytes32[](0));
    }

    function deposit3(address token, bytes32 vaultId, bytes32 amount, Task[] calldata tasks) external {
        if (!amount.gt(0)) revert ZeroDepositAmount(msg.sender, token, vaultId);
        bytes32 before = vaults[msg.sender][token][vaultId];
        uint256 units = pull(msg.sender, token, amount);
        increase(msg.sender, token, vaultId, amount);
        emit DepositV2(msg.sender, token, vaultId, units);
        if (tasks.length == 0) return;
        bytes32[] memory column = new bytes32[](5);
        column[0] = wordOf(token);
        column[1] = vaultId;
        column[2] = before;
        column[3] = vaults[msg.sender][token][vaultId];
        column[4] = bytes32(uint256(IToken(token).decimals()));
        runTasks(tasks, column);
    }

    function withdraw3(address token, bytes32 vaultId, bytes32 target, Task[] calldata tasks) external {
        if (!target.gt(0)) revert ZeroWithdrawTargetAmount(msg.sender, token, vaultId);
        bytes32 before = vaults[msg.sender][token][vaultId];
        bytes32 amount = target.min(before);
        if (amount.gt(0)) {
            decrease(msg.sender, token, vaultId, amount);
            uint256 units = push(msg.sender, token, amount);
            emit WithdrawV2(msg.sender, token, vaultId, target, amount, units);
        }
        if (tasks.length == 0) return;
        bytes32[] memory column = new bytes32[](6);
        column[0] = wordOf(token);
        column[1] = vaultId;
        column[2] = before;
        column[3] = vaults[msg.sender][token][vaultId];
        column[4] = target;
        column[5] = bytes32(uint256(IToken(token).decimals()));
        runTasks(tasks, column);
    }

    function addOrder3(OrderConfig calldata config, Task[] calldata tasks) external returns (bool) {
        Order memory order =
            Order(msg.sender, config.evaluable, config.validInputs, config.validOutputs, config.nonce);
        bytes32 orderHash = keccak256(abi.encode(order));
        if (live[orderHash]) return false;
        live[orderHash] = true;
        emit AddOrderV3(msg.sender, orderHash, order);
        if (config.meta.length > 0) emit MetaV1_2(msg.sender, orderHash, config.meta);
        runTasks(tasks, orderColumn(orderHash));
        return true;
    }

    function removeOrder3(Order calldata order, Task[] calldata tasks) external returns (bool) {
        if (order.owner != msg.sender) revert NotOrderOwner(msg.sender);
        bytes32 orderHash = hashOf(order);
        if (!live[orderHash]) return false;
        live[orderHash] = false;
        emit RemoveOrderV3(msg.sender, orderHash, order);
        runTasks(tasks, orderColumn(orderHash));
        return true;
    }

    /// Takes orders one after the other; their handle-io programs run when all have been taken.
    function takeOrders3(TakeConfig calldata config) external returns (bytes32, bytes32) {
        if (config.orders.length == 0) revert NoOrders();
        if (!config.maximumInput.gt(0)) revert ZeroMaximumInput();
        Progress memory progress;
        progress.inputToken = inputOf(config.orders[0]).token;
        progress.outputToken = outputOf(config.orders[0]).token;
        progress.remaining = config.maximumInput;
        Offer[] memory taken = new Offer[](config.orders.length);
        uint256 count;
        for (uint256 i = 0; i < config.orders.length && progress.remaining.gt(0); i++) {
            if (takeOne(config.orders[i], config.maximumIORatio, progress, taken, count)) count++;
        }
        if (progress.totalInput.lt(config.minimumInput)) {
            revert MinimumInput(config.minimumInput, progress.totalInput);
        }
        if (count > 0) {
            push(msg.sender, progress.outputToken, progress.totalInput);
            pull(msg.sender, progress.inputToken, progress.totalOutput);
        }
        for (uint256 i = 0; i < count; i++) handle(taken[i]);
        return (progress.totalInput, progress.totalOutput);
    }

    function clear3(
        Order calldata alice,
        Order calldata bob,
        ClearConfig calldata config,
        SignedContext[] calldata aliceSigned,
        SignedContext[] calldata bobSigned
    ) external {
        if (alice.owner == bob.owner) revert SameOwner();
        Choice memory aliceChoice = Choice(alice, config.aliceInputIOIndex, config.aliceOutputIOIndex, bobSigned);
        Choice memory bobChoice = Choice(bob, config.bobInputIOIndex, config.bobOutputIOIndex, aliceSigned);
        checkPair(aliceChoice, bobChoice);
        if (notFound(alice) || notFound(bob)) return;
        emit ClearV3(msg.sender, alice, bob, config);
        Offer memory aliceOffer = calculate(aliceChoice, bob.owner);
        Offer memory bobOffer = calculate(bobChoice, alice.owner);
        ClearChange memory change;
        (change.aliceInput, change.aliceOutput) = clearSide(aliceOffer, bobOffer);
        (change.bobInput, change.bobOutput) = clearSide(bobOffer, aliceOffer);
        settle(aliceOffer, change.aliceInput, change.aliceOutput);
        settle(bobOffer, change.bobInput, change.bobOutput);
        payBounties(config, aliceOffer.output.token, bobOffer.output.token, change);
        emit AfterClearV2(msg.sender, change);
        handle(aliceOffer);
        handle(bobOffer);
        if (change.aliceOutput.isZero() && change.bobOutput.isZero()) revert ClearZeroAmount();
    }

    function takeOne(
        Choice calldata choice,
        bytes32 maximumIORatio,
        Progress memory progress,
        Offer[] memory taken,
        uint256 count
    ) private returns (bool) {
        if (inputOf(choice).token != progress.inputToken) revert TokenMismatch();
        if (outputOf(choice).token != progress.outputToken) revert TokenMismatch();
        if (progress.inputToken == progress.outputToken) revert TokenSelfTrade();
        if (notFound(choice.order)) return false;
        Offer memory offer = calculate(choice, msg.sender);
        bytes32 orderHash = offer.context[1][0];
        if (offer.ioRatio.gt(maximumIORatio)) {
            emit OrderExceedsMaxRatio(msg.sender, choice.order.owner, orderHash);
            return false;
        }
        if (offer.outputMax.isZero()) {
            emit OrderZeroAmount(msg.sender, choice.order.owner, orderHash);
            return false;
        }
        bytes32 input = offer.outputMax.min(progress.remaining);
        bytes32 output = offer.ioRatio.mul(input);
        progress.remaining = progress.remaining.sub(input);
        progress.totalOutput = progress.totalOutput.add(output);
        progress.totalInput = progress.totalInput.add(input);
        settle(offer, output, input);
        emit TakeOrderV3(msg.sender, choice, input, output);
        taken[count] = offer;
        return true;
    }

    /// Runs calculate-io of an order.
    function calculate(Choice memory choice, address counterparty) private view returns (Offer memory offer) {
        Order memory order = choice.order;
        offer.order = order;
        offer.input = order.validInputs[choice.inputIOIndex];
        offer.output = order.validOutputs[choice.outputIOIndex];
        offer.context = contextOf(choice, counterparty);
        bytes32[] memory stack;
        (stack, offer.writes) = evaluate(order.evaluable, order.owner, 0, offer.context);
        if (stack.length < 2) revert UnsupportedCalculateOutputs(stack.length);
        offer.ioRatio = stack[0];
        offer.outputMax = stack[1].min(offer.context[4][3]);
    }

    /// Moves between the vaults of an order, and tells its handle-io what was calculated and moved.
    function settle(Offer memory offer, bytes32 input, bytes32 output) private {
        bytes32[] memory calculated = new bytes32[](2);
        (calculated[0], calculated[1]) = (offer.outputMax, offer.ioRatio);
        offer.context[2] = calculated;
        offer.context[3][4] = input;
        offer.context[4][4] = output;
        increase(offer.order.owner, offer.input.token, offer.input.vaultId, input);
        decrease(offer.order.owner, offer.output.token, offer.output.vaultId, output);
        emit ContextV2(msg.sender, offer.context);
    }

    function handle(Offer memory offer) private {
        Evaluable memory evaluable = offer.order.evaluable;
        keep(evaluable.store, offer.order.owner, offer.writes);
        (, bytes32[] memory writes) = evaluate(evaluable, offer.order.owner, 1, offer.context);
        keep(evaluable.store, offer.order.owner, writes);
    }

    function clearSide(Offer memory mine, Offer memory theirs) private pure returns (bytes32 input, bytes32 output) {
        (input, output) = (mine.outputMax.mul(mine.ioRatio), mine.outputMax);
        if (!input.gt(theirs.outputMax)) return (input, output);
        (input, output) = (theirs.outputMax, theirs.outputMax.div(mine.ioRatio));
    }

    function payBounties(ClearConfig calldata config, address aliceToken, address bobToken, ClearChange memory change)
        private
    {
        bytes32 aliceBounty = change.aliceOutput.sub(change.bobInput);
        bytes32 bobBounty = change.bobOutput.sub(change.aliceInput);
        if (aliceBounty.lt(0) || bobBounty.lt(0)) revert NegativeBounty();
        increase(msg.sender, aliceToken, config.aliceBountyVaultId, aliceBounty);
        increase(msg.sender, bobToken, config.bobBountyVaultId, bobBounty);
    }

    function checkPair(Choice memory alice, Choice memory bob) private pure {
        address aliceInput = alice.order.validInputs[alice.inputIOIndex].token;
        address aliceOutput = alice.order.validOutputs[alice.outputIOIndex].token;
        if (aliceOutput != bob.order.validInputs[bob.inputIOIndex].token) revert TokenMismatch();
        if (aliceInput != bob.order.validOutputs[bob.outputIOIndex].token) revert TokenMismatch();
        if (aliceInput == aliceOutput) revert TokenSelfTrade();
    }

    function contextOf(Choice memory choice, address counterparty) private view returns (bytes32[][] memory context) {
        SignedContext[] memory signed = choice.signedContext;
        context = new bytes32[][](signed.length == 0 ? 5 : 6 + signed.length);
        context[0] = pairOf(wordOf(counterparty), wordOf(address(this)));
        context[1] = new bytes32[](3);
        context[1][0] = hashOf(choice.order);
        context[1][1] = wordOf(choice.order.owner);
        context[1][2] = wordOf(counterparty);
        context[3] = vaultColumn(choice.order.owner, choice.order.validInputs[choice.inputIOIndex]);
        context[4] = vaultColumn(choice.order.owner, choice.order.validOutputs[choice.outputIOIndex]);
        addSigned(context, 5, signed);
    }

    function vaultColumn(address owner, IO memory io) private view returns (bytes32[] memory column) {
        column = new bytes32[](5);
        column[0] = wordOf(io.token);
        column[1] = bytes32(uint256(IToken(io.token).decimals()));
        column[2] = io.vaultId;
        column[3] = vaults[owner][io.token][io.vaultId];
    }

    /// The signers, then a column for each; nothing where nothing is signed.
    function addSigned(bytes32[][] memory context, uint256 at, SignedContext[] memory signed) private pure {
        if (signed.length == 0) return;
        context[at] = new bytes32[](signed.length);
        for (uint256 i = 0; i < signed.length; i++) {
            if (!isSigned(signed[i])) revert InvalidSignature(i);
            context[at][i] = wordOf(signed[i].signer);
            context[at + 1 + i] = signed[i].context;
        }
    }

    function isSigned(SignedContext memory signed) private pure returns (bool) {
        bytes memory signature = signed.signature;
        if (signature.length != 65) return false;
        bytes32 said = keccak256(abi.encodePacked(signed.context));
        bytes32 digest = keccak256(abi.encodePacked("\x19Ethereum Signed Message:\n32", said));
        bytes32 r;
        bytes32 s;
        assembly ("memory-safe") {
            r := mload(add(signature, 32))
            s := mload(add(signature, 64))
        }
        return signed.signer != address(0) && ecrecover(digest, uint8(signature[64]), r, s) == signed.signer;
    }

    function runTasks(Task[] calldata tasks, bytes32[] memory column) private {
        for (uint256 i = 0; i < tasks.length; i++) {
            Task memory task = tasks[i];
            if (task.evaluable.bytecode.length == 0) continue;
            uint256 columns = column.length == 0 ? 1 : 2;
            uint256 signed = task.signedContext.length == 0 ? 0 : 1 + task.signedContext.length;
            bytes32[][] memory context = new bytes32[][](columns + signed);
            context[0] = pairOf(wordOf(msg.sender), wordOf(address(this)));
            if (columns == 2) context[1] = column;
            addSigned(context, columns, task.signedContext);
            (, bytes32[] memory writes) = evaluate(task.evaluable, msg.sender, 0, context);
            keep(task.evaluable.store, msg.sender, writes);
        }
    }

    function evaluate(Evaluable memory evaluable, address owner, uint256 source, bytes32[][] memory context)
        private
        view
        returns (bytes32[] memory, bytes32[] memory)
    {
        uint256 namespace = uint256(keccak256(abi.encode(uint256(uint160(owner)), address(this))));
        bytes32[] memory none = new bytes32[](0);
        return IInterpreter(evaluable.interpreter).eval4(
            Eval(evaluable.store, namespace, evaluable.bytecode, source, context, none, none)
        );
    }

    function keep(address store, address owner, bytes32[] memory writes) private {
        if (writes.length > 0) IStore(store).set(uint256(uint160(owner)), writes);
    }

    function increase(address owner, address token, bytes32 vaultId, bytes32 amount) private {
        if (amount.lt(0)) revert NegativeVaultBalanceChange(amount);
        setBalance(owner, token, vaultId, vaults[owner][token][vaultId].add(amount));
    }

    function decrease(address owner, address token, bytes32 vaultId, bytes32 amount) private {
        if (amount.lt(0)) revert NegativeVaultBalanceChange(amount);
        setBalance(owner, token, vaultId, vaults[owner][token][vaultId].sub(amount));
    }

    function setBalance(address owner, address token, bytes32 vaultId, bytes32 balance) private {
        if (balance.lt(0)) revert NegativeVaultBalance(balance);
        vaults[owner][token][vaultId] = balance;
    }

    /// Takes tokens, rounded up.
    function pull(address from, address token, bytes32 amount) private returns (uint256 units) {
        bool exact;
        (units, exact) = amount.toUnits(IToken(token).decimals());
        if (!exact) units++;
        if (units > 0) IToken(token).transferFrom(from, address(this), units);
    }

    /// Gives tokens, rounded down.
    function push(address to, address token, bytes32 amount) private returns (uint256 units) {
        (units,) = amount.toUnits(IToken(token).decimals());
        if (units > 0) IToken(token).transfer(to, units);
    }

    function notFound(Order calldata order) private returns (bool) {
        bytes32 orderHash = hashOf(order);
        if (live[orderHash]) return false;
        emit OrderNotFound(msg.sender, order.owner, orderHash);
        return true;
    }

    function inputOf(Choice calldata choice) private pure returns (IO calldata) {
        return choice.order.validInputs[choice.inputIOIndex];
    }

    function outputOf(Choice calldata choice) private pure returns (IO calldata) {
        return choice.order.validOutputs[choice.outputIOIndex];
    }

    function orderColumn(bytes32 orderHash) private view returns (bytes32[] memory) {
        return pairOf(orderHash, wordOf(msg.sender));
    }

    function pairOf(bytes32 first, bytes32 second) private pure returns (bytes32[] memory column) {
        column = new bytes32[](2);
        (column[0], column[1]) = (first, second);
    }

    function hashOf(Order memory order) private pure returns (bytes32) {
        return keccak256(abi.encode(order));
    }

    function wordOf(address account) private pure returns (bytes32) {
        return bytes32(uint256(uint160(account)));
    }
}
