import { expect, test } from 'vitest'
import { axisTexts } from './axis-texts.ts'

test('[SR1] values of an axis differ where they are close, and are short where they are long', () => {
  expect(axisTexts([3_000, 3_050], 50)).toEqual(['3,000', '3,050'])
  expect(axisTexts([0, 0.25, 0.5], 0.25)).toEqual(['0', '0.25', '0.5'])
  expect(axisTexts([0.00032, 0.00033, 0.00034], 0.00001)).toEqual(['0.00032', '0.00033', '0.00034'])
  expect(axisTexts([0, 5e-10, 1e-9], 5e-10)).toEqual(['0', '5e-10', '1e-9'])
  expect(axisTexts([12_000_000, 12_500_000], 500_000)).toEqual(['1.2e7', '1.25e7'])
})
