import { expect, test } from 'vitest'
import { contractsDigest as digestOfSources } from '../../build-contracts.ts'
import { contractsDigest } from './contracts.generated.ts'

test('[RX22] the compiled contracts are those of contracts/; else npm run build:contracts', () => {
  expect(contractsDigest).toBe(digestOfSources())
})
