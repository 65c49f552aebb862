/** Makes a server believe that its output is a terminal without colours, so that it prints what a reader of a guide sees. */
const { isMainThread } = require('node:worker_threads')

const terminal = { isTTY: true, columns: 110, rows: 40, getColorDepth: () => 1, hasColors: () => false }
if (isMainThread) Object.assign(process.stdout, terminal)
