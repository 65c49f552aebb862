/**
 * Runs the command line from the build when there is one, else from the source, as in a fresh checkout; from
 * the source too when node was given its condition, whatever has been built.
 *
 * The source needs the condition `@heddle/source`, which only a new process can have: this one is replaced
 * (execve), so that signals, exit code and terminal stay what they are; where that is impossible a child
 * runs and everything is passed on.
 */
const { spawn } = require('node:child_process')
const { existsSync } = require('node:fs')
const { join } = require('node:path')
const { pathToFileURL } = require('node:url')

const built = join(__dirname, '../dist/cli/main.js')
const source = join(__dirname, '../src/cli/main.ts')
const condition = '--conditions=@heddle/source'

if (process.execArgv.includes(condition)) void import(pathToFileURL(source).href)
else if (existsSync(built)) void import(pathToFileURL(built).href)
else runSource([...process.execArgv, condition, source, ...process.argv.slice(2)])

function runSource(argv) {
  const canReplace = typeof process.execve === 'function' && process.platform !== 'win32'
  if (canReplace) {
    process.execve(process.execPath, [process.execPath, ...argv], process.env)
  }
  const child = spawn(process.execPath, argv, { stdio: 'inherit' })
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'])
    process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exitCode = code ?? 1
    else {
      process.removeAllListeners(signal)
      process.kill(process.pid, signal)
    }
  })
}
