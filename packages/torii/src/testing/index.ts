export { readToriiData, toriiData } from './torii-data.ts'
