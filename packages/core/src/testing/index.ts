export { createVirtualClock, type VirtualClock } from './virtual-clock.ts'
export { createSeededRandom } from './seeded-random.ts'
export { createPushQueue, type PushQueue } from './push-queue.ts'
export { createFaultySource, noFaults, type Faults, type FaultySource } from './faulty-source.ts'
export { createToyTable, toyTable, type ToyRemote, type ToyTable } from './toy-table.ts'
export { gone, patch, put, touched } from './facts.ts'
export { createScriptedSource, type ScriptedSource } from './scripted-source.ts'
export { createToyWorld, type ToyWorld } from './toy-world.ts'
export { createToyChain, toyProjection, type ToyChain, type ToyLog } from './toy-chain.ts'
export {
  convergeKernel,
  rulesWithout,
  switchableRules,
  type ConvergeKernelOptions,
  type KernelDisk,
} from './converge-kernel.ts'
export { shrinkHistory } from './shrink-history.ts'
export { createBrowserTabs, type BrowserTabs } from './browser-tabs.ts'
export { playHistories, type PlayOptions, type PlayResult } from './play-histories.ts'
