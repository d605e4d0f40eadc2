export { openBrowserDatabase, type BrowserDatabaseOptions } from './open-browser-database.ts'
