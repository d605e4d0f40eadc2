// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

/// x * y = k with a fee in millionths.
contract ConstantProduct {
    uint112 internal reserve0;
    uint112 internal reserve1;
    uint32 internal feePpm;

    error NoLiquidity();

    function quote(uint256 amountIn, bool zeroForOne) external view returns (uint256) {
        (uint256 reserveIn, uint256 reserveOut) =
            zeroForOne ? (uint256(reserve0), uint256(reserve1)) : (uint256(reserve1), uint256(reserve0));
        if (reserveIn == 0 || reserveOut == 0) revert NoLiquidity();
        uint256 net = amountIn * (1_000_000 - feePpm);
        return net * reserveOut / (reserveIn * 1_000_000 + net);
    }
}

/// Liquidity in ranges of price. A range is [lower, upper] in square roots of the price with 96 fractional bits.
contract ConcentratedLiquidity {
    struct Range {
        uint160 lower;
        uint160 upper;
        uint128 liquidity;
    }

    Range[] internal ranges;
    uint160 internal sqrtPrice;

    error OutOfLiquidity(uint256 left);

    /// Sells `amountIn` of the first token: the price falls, range after range.
    function quote(uint256 amountIn) external view returns (uint256 amountOut) {
        uint256 price = sqrtPrice;
        for (uint256 i = ranges.length; i > 0 && amountIn > 0; i--) {
            Range storage range = ranges[i - 1];
            uint256 lower = range.lower;
            if (lower >= price || range.liquidity == 0) continue;
            uint256 start = price < range.upper ? price : range.upper;
            uint256 liquidity = range.liquidity;
            uint256 whole = mulDiv(liquidity << 96, start - lower, start) / lower;
            uint256 end = lower;
            if (amountIn < whole) {
                end = mulDiv(liquidity << 96, start, (liquidity << 96) + amountIn * start);
                amountIn = 0;
            } else {
                amountIn -= whole;
            }
            amountOut += mulDiv(liquidity, start - end, 1 << 96);
            price = end;
        }
        if (amountIn > 0) revert OutOfLiquidity(amountIn);
    }

    function mulDiv(uint256 a, uint256 b, uint256 c) internal pure returns (uint256) {
        unchecked {
            uint256 low = a * b;
            if (a == 0 || low / a == b) return low / c;
            // Halve until the product fits: enough for a quote, and a loop worth interpreting.
            uint256 shift = 0;
            while (low / a != b) {
                a >>= 1;
                shift++;
                low = a * b;
            }
            uint256 quotient = low / c;
            require(quotient << shift >> shift == quotient, "mulDiv overflow");
            return quotient << shift;
        }
    }
}
