// The same tests in a browser: nothing here may need Node.
import './float/float.property.test.ts'
import './engine/order.test.ts'
import './engine/decode-log.test.ts'
import './engine/replay-logs.test.ts'
import './engine/projection.test.ts'
import './engine/projection.property.test.ts'
import './engine/quote.test.ts'
import './engine/take-orders.test.ts'
