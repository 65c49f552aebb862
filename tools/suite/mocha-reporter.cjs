/**
 * A reporter for mocha that writes one line of JSON for each test. Runs in the process of a suite; CommonJS,
 * since mocha loads its reporters with `require`. What is written is read by `outcomes.ts`.
 */
'use strict'

const { appendFileSync } = require('node:fs')

module.exports = function LedgerReporter(runner) {
  runner.on('pass', test => write(test, 'pass'))
  runner.on('fail', (test, error) => write(test, 'fail', error))
  runner.on('pending', test => write(test, 'skip'))
}

function write(test, outcome, error) {
  const message = error && String(error.stack || error)
  const line = { test: test.fullTitle(), file: test.file, outcome, message }
  appendFileSync(process.env.HEDDLE_SUITE_LEDGER, `${JSON.stringify(line)}\n`)
}
