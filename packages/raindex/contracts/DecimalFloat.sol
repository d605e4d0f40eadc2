// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

/// The decimal floats of Raindex, as far as an order book needs them: the exponent in the top 4 bytes, the coefficient
/// in the low 28, both two's complement. Same rules as `src/float`, whose tests hold both to the same rows.
library DecimalFloat {
    error ExponentOverflow(int256 coefficient, int256 exponent);
    error CoefficientOverflow(int256 coefficient, int256 exponent);
    error DivisionByZero(int256 coefficient, int256 exponent);
    error NegativeFixedDecimalConversion(int256 coefficient, int256 exponent);

    int256 internal constant COEFFICIENT_LIMIT = 1 << 223;
    uint256 internal constant INT256_MAX = uint256(type(int256).max);

    function unpack(bytes32 float) internal pure returns (int256 coefficient, int256 exponent) {
        coefficient = int224(int256(uint256(float)));
        exponent = int256(uint256(float)) >> 224;
    }

    /// Rounds towards zero by the fewest digits that make the coefficient fit.
    function pack(int256 coefficient, int256 exponent) internal pure returns (bytes32) {
        int256 packed = coefficient;
        int256 packedExponent = exponent;
        while (!fits(packed)) {
            packed /= 10;
            packedExponent++;
        }
        if (packed == 0 || packedExponent < type(int32).min) return 0;
        if (packedExponent > type(int32).max) revert ExponentOverflow(coefficient, exponent);
        return bytes32((uint256(packedExponent) << 224) | (uint256(packed) & ((1 << 224) - 1)));
    }

    function add(bytes32 a, bytes32 b) internal pure returns (bytes32) {
        (int256 bCoefficient, int256 bExponent) = unpack(b);
        return addParts(a, bCoefficient, bExponent);
    }

    function sub(bytes32 a, bytes32 b) internal pure returns (bytes32) {
        (int256 bCoefficient, int256 bExponent) = unpack(b);
        return addParts(a, -bCoefficient, bExponent);
    }

    function mul(bytes32 a, bytes32 b) internal pure returns (bytes32) {
        (int256 aCoefficient, int256 aExponent) = unpack(a);
        (int256 bCoefficient, int256 bExponent) = unpack(b);
        if (aCoefficient == 0 || bCoefficient == 0) return 0;
        bool negative = (aCoefficient < 0) != (bCoefficient < 0);
        (uint256 high, uint256 low) = wideMul(magnitude(aCoefficient), magnitude(bCoefficient));
        int256 exponent = aExponent + bExponent;
        if (high >> 96 != 0) {
            (high, low) = wideDiv(high, low, 10 ** 37);
            exponent += 37;
        }
        while (high != 0) {
            (high, low) = wideDiv(high, low, 10);
            exponent++;
        }
        return packMagnitude(low, negative, exponent);
    }

    function div(bytes32 a, bytes32 b) internal pure returns (bytes32) {
        (int256 aCoefficient, int256 aExponent) = unpack(a);
        (int256 bCoefficient, int256 bExponent) = unpack(b);
        if (bCoefficient == 0) revert DivisionByZero(aCoefficient, aExponent);
        if (aCoefficient == 0) return 0;
        bool negative = (aCoefficient < 0) != (bCoefficient < 0);
        (aCoefficient, aExponent) = maximize(aCoefficient, aExponent);
        (bCoefficient, bExponent) = maximize(bCoefficient, bExponent);
        uint256 divisor = magnitude(bCoefficient);
        int256 scale = divisor < 10 ** 76 ? int256(75) : int256(76);
        (uint256 high, uint256 low) = wideMul(magnitude(aCoefficient), 10 ** uint256(scale));
        return packMagnitude(longDiv(high, low, divisor), negative, aExponent - scale - bExponent);
    }

    function lt(bytes32 a, bytes32 b) internal pure returns (bool) {
        return compare(a, b) < 0;
    }

    function gt(bytes32 a, bytes32 b) internal pure returns (bool) {
        return compare(a, b) > 0;
    }

    /// The smaller, with its bits; `b` when they are equal.
    function min(bytes32 a, bytes32 b) internal pure returns (bytes32) {
        return lt(a, b) ? a : b;
    }

    /// The larger, with its bits; `b` when they are equal.
    function max(bytes32 a, bytes32 b) internal pure returns (bytes32) {
        return gt(a, b) ? a : b;
    }

    function isZero(bytes32 a) internal pure returns (bool) {
        return uint256(a) << 32 == 0;
    }

    function minus(bytes32 a) internal pure returns (bytes32) {
        (int256 coefficient, int256 exponent) = unpack(a);
        return pack(-coefficient, exponent);
    }

    /// An amount in a token's smallest unit, exactly or not at all.
    function fromUnits(uint256 units, uint8 decimals) internal pure returns (bytes32) {
        int256 exponent = -int256(uint256(decimals));
        if (units >= uint256(COEFFICIENT_LIMIT)) revert CoefficientOverflow(int256(units), exponent);
        return pack(int256(units), exponent);
    }

    /// Rounded down; `exact` says whether nothing was lost.
    function toUnits(bytes32 float, uint8 decimals) internal pure returns (uint256 units, bool exact) {
        (int256 coefficient, int256 exponent) = unpack(float);
        if (coefficient < 0) revert NegativeFixedDecimalConversion(coefficient, exponent);
        if (coefficient == 0) return (0, true);
        int256 shift = exponent + int256(uint256(decimals));
        if (shift >= 0) return (uint256(coefficient) * 10 ** uint256(shift), true);
        if (shift < -77) return (0, false);
        uint256 scale = 10 ** uint256(-shift);
        units = uint256(coefficient) / scale;
        exact = units * scale == uint256(coefficient);
    }

    function addParts(bytes32 a, int256 bCoefficient, int256 bExponent) private pure returns (bytes32) {
        (int256 aCoefficient, int256 aExponent) = unpack(a);
        if (aCoefficient == 0) return pack(bCoefficient, bExponent);
        if (bCoefficient == 0) return pack(aCoefficient, aExponent);
        (aCoefficient, aExponent) = maximize(aCoefficient, aExponent);
        (bCoefficient, bExponent) = maximize(bCoefficient, bExponent);
        if (bExponent > aExponent) {
            (aCoefficient, bCoefficient) = (bCoefficient, aCoefficient);
            (aExponent, bExponent) = (bExponent, aExponent);
        }
        uint256 gap = uint256(aExponent - bExponent);
        bCoefficient = gap > 76 ? int256(0) : bCoefficient / int256(10 ** gap);
        int256 sum;
        unchecked {
            sum = aCoefficient + bCoefficient;
        }
        bool overflow = (aCoefficient > 0) == (bCoefficient > 0) && bCoefficient != 0 && (sum > 0) != (aCoefficient > 0);
        return overflow ? pack(aCoefficient / 10 + bCoefficient / 10, aExponent + 1) : pack(sum, aExponent);
    }

    /// Appends as many zeros as 256 signed bits hold.
    function maximize(int256 coefficient, int256 exponent) private pure returns (int256, int256) {
        for (uint256 zeros = 64; zeros > 0; zeros /= 2) {
            if (magnitude(coefficient) > INT256_MAX / 10 ** zeros) continue;
            coefficient *= int256(10 ** zeros);
            exponent -= int256(zeros);
        }
        return (coefficient, exponent);
    }

    function compare(bytes32 a, bytes32 b) private pure returns (int256) {
        (int256 aCoefficient, int256 aExponent) = unpack(a);
        (int256 bCoefficient, int256 bExponent) = unpack(b);
        bool sameSign = (aCoefficient > 0 && bCoefficient > 0) || (aCoefficient < 0 && bCoefficient < 0);
        if (sameSign && aExponent > bExponent) {
            if (outgrows(aCoefficient, uint256(aExponent - bExponent))) return aCoefficient;
            aCoefficient *= int256(10 ** uint256(aExponent - bExponent));
        } else if (sameSign && aExponent < bExponent) {
            if (outgrows(bCoefficient, uint256(bExponent - aExponent))) return -bCoefficient;
            bCoefficient *= int256(10 ** uint256(bExponent - aExponent));
        }
        if (aCoefficient == bCoefficient) return 0;
        return aCoefficient < bCoefficient ? -1 : int256(1);
    }

    /// Whether a coefficient with so many zeros is longer than any other.
    function outgrows(int256 coefficient, uint256 zeros) private pure returns (bool) {
        return zeros > 76 || magnitude(coefficient) > INT256_MAX / 10 ** zeros;
    }

    function packMagnitude(uint256 value, bool negative, int256 exponent) private pure returns (bytes32) {
        if (value > INT256_MAX) {
            value /= 10;
            exponent++;
        }
        return pack(negative ? -int256(value) : int256(value), exponent);
    }

    function fits(int256 coefficient) private pure returns (bool) {
        return coefficient >= -COEFFICIENT_LIMIT && coefficient < COEFFICIENT_LIMIT;
    }

    function magnitude(int256 value) private pure returns (uint256) {
        return value < 0 ? uint256(-value) : uint256(value);
    }

    function wideMul(uint256 a, uint256 b) private pure returns (uint256 high, uint256 low) {
        unchecked {
            low = a * b;
            uint256 modulo = mulmod(a, b, type(uint256).max);
            high = modulo - low - (modulo < low ? 1 : 0);
        }
    }

    /// Divides 512 bits by a divisor below 2^128.
    function wideDiv(uint256 high, uint256 low, uint256 divisor) private pure returns (uint256, uint256) {
        uint256 upper = ((high % divisor) << 128) | (low >> 128);
        uint256 lower = ((upper % divisor) << 128) | (low & type(uint128).max);
        return (high / divisor, ((upper / divisor) << 128) | (lower / divisor));
    }

    /// Divides 512 bits by a divisor of at most 255, bit by bit. `high` is below the divisor.
    function longDiv(uint256 high, uint256 low, uint256 divisor) private pure returns (uint256 quotient) {
        uint256 rest = high;
        for (uint256 bit = 256; bit > 0;) {
            bit--;
            rest = (rest << 1) | ((low >> bit) & 1);
            if (rest < divisor) continue;
            rest -= divisor;
            quotient |= 1 << bit;
        }
    }
}
