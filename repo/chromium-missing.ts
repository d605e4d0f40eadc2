import { whyNoChromium } from './chromium.ts'

// Set up before each browser test file where no Chromium can be had, so that the file fails and says why.
throw new Error(whyNoChromium() ?? 'Chromium appeared while the tests started. Run them again.')
