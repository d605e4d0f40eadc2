// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

/// A token with balances, allowances and a supply; what it reads is what wallets read.
contract Token {
    mapping(address => uint256) internal balances;
    mapping(address => mapping(address => uint256)) internal allowances;
    uint256 internal supply;
    string internal title;

    error InsufficientBalance(address owner, uint256 has, uint256 needs);

    function balanceOf(address owner) external view returns (uint256) {
        return balances[owner];
    }

    function allowance(address owner, address spender) external view returns (uint256) {
        return allowances[owner][spender];
    }

    function totalSupply() external view returns (uint256) {
        return supply;
    }

    function name() external view returns (string memory) {
        return title;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        uint256 has = balances[msg.sender];
        if (has < amount) revert InsufficientBalance(msg.sender, has, amount);
        balances[msg.sender] = has - amount;
        balances[to] += amount;
        return true;
    }
}
