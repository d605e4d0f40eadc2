// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// The token most tokens are made from.
contract OpenZeppelinToken is ERC20 {
    constructor() ERC20("Freshet", "FRSH") {}
}
