export { readRaindexSettings } from './read-settings.ts'
export type {
  LocalDbSyncSettings,
  NetworkSettings,
  RaindexClientSettings,
  RaindexSettings,
} from './settings.ts'
export { SettingsError, type SettingsMistake } from './settings-error.ts'
