/**
 * Catches what the application writes to the process's output past process.stdout: to the descriptors 1 and 2, and to
 * files such as /dev/stdout.
 *
 * Runs in worker threads, installed once by `output.ts`. Only what goes through `node:fs` can be seen, whichever way it
 * was imported; native code and child processes that inherit the descriptors write past it.
 */
import fs, { constants } from 'node:fs'

/** Takes what was written to one of the two. */
export interface DescriptorTargets {
  readonly stdout: Take
  readonly stderr: Take
}

type Take = (bytes: Buffer) => void

/**
 * Replaces the functions of `node:fs` that write, open and close; `syncBuiltinESMExports()` has to follow, for those who
 * import them by name.
 */
export function captureDescriptors(targets: DescriptorTargets): void {
  const taken = new Map<unknown, Take>([
    [1, targets.stdout],
    [2, targets.stderr]
  ])
  captureWrites(taken)
  captureVectors(taken)
  captureOpening(taken, targets)
  captureWholeFiles(taken, targets)
}

type Taken = Map<unknown, Take>

function captureWrites(taken: Taken): void {
  const { write, writeSync } = fs
  replace('writeSync', writeSync, (fd, ...args) => {
    const take = taken.get(fd)
    return take === undefined ? Reflect.apply(writeSync, fs, [fd, ...args]) : pass(take, bytesOf(args))
  })
  replace('write', write, (fd, ...args) => {
    const take = taken.get(fd)
    if (take === undefined) return Reflect.apply(write, fs, [fd, ...args])
    return answer(args, pass(take, bytesOf(args)))
  })
}

function captureVectors(taken: Taken): void {
  const { writev, writevSync } = fs
  replace('writevSync', writevSync, (fd, ...args) => {
    const take = taken.get(fd)
    return take === undefined ? Reflect.apply(writevSync, fs, [fd, ...args]) : pass(take, joined(args[0]))
  })
  replace('writev', writev, (fd, ...args) => {
    const take = taken.get(fd)
    if (take === undefined) return Reflect.apply(writev, fs, [fd, ...args])
    return answer(args, pass(take, joined(args[0])))
  })
}

/** A file that stands for the output gets a descriptor of its own, which is known until it is closed. */
function captureOpening(taken: Taken, targets: DescriptorTargets): void {
  const { open, openSync, close, closeSync } = fs
  const remember = (path: unknown, fd: unknown): void => {
    const take = targetOf(path, targets)
    if (take !== null && typeof fd === 'number') taken.set(fd, take)
  }
  const forget = (fd: unknown): void => {
    if (fd !== 1 && fd !== 2) taken.delete(fd)
  }
  replace('openSync', openSync, (path, ...args) => {
    const isOurs = targetOf(path, targets) !== null
    const fd: unknown = Reflect.apply(openSync, fs, [path, ...(isOurs ? keeping(args) : args)])
    remember(path, fd)
    return fd
  })
  replace('open', open, (path, ...args) => {
    const callback = args.at(-1)
    if (targetOf(path, targets) === null || typeof callback !== 'function') {
      return Reflect.apply(open, fs, [path, ...args])
    }
    const opened = (error: unknown, fd: unknown): void => {
      remember(path, fd)
      Reflect.apply(callback, undefined, [error, fd])
    }
    return Reflect.apply(open, fs, [path, ...keeping(args.slice(0, -1)), opened])
  })
  replace('closeSync', closeSync, (fd, ...args) => {
    forget(fd)
    return Reflect.apply(closeSync, fs, [fd, ...args])
  })
  replace('close', close, (fd, ...args) => {
    forget(fd)
    return Reflect.apply(close, fs, [fd, ...args])
  })
}

/** Flags and mode to open the output with: where it is a file, all lines of the process are in it. */
function keeping([flags, ...mode]: readonly unknown[]): unknown[] {
  if (typeof flags === 'number') return [flags & ~constants.O_TRUNC, ...mode]
  return [typeof flags === 'string' ? flags.replace('w', 'a') : flags, ...mode]
}

/** Node writes whole files past `fs.writeSync`. */
function captureWholeFiles(taken: Taken, targets: DescriptorTargets): void {
  const { writeFileSync } = fs
  replace('writeFileSync', writeFileSync, (file, ...args) => {
    const take = taken.get(file) ?? targetOf(file, targets)
    if (take === null) return Reflect.apply(writeFileSync, fs, [file, ...args])
    const [data, options] = args
    const encoding: unknown = typeof options === 'object' ? Reflect.get(options ?? {}, 'encoding') : options
    take(bytesOf([data, null, encoding]))
    return undefined
  })
}

const namesOfStdout = new Set<unknown>(['/dev/stdout', '/dev/fd/1', '/proc/self/fd/1'])
const namesOfStderr = new Set<unknown>(['/dev/stderr', '/dev/fd/2', '/proc/self/fd/2'])

function targetOf(path: unknown, { stdout, stderr }: DescriptorTargets): Take | null {
  if (namesOfStdout.has(path)) return stdout
  return namesOfStderr.has(path) ? stderr : null
}

/** `util.promisify()` finds its own version of a function by a symbol on it. */
function replace(
  name: string,
  original: object,
  instead: (first: unknown, ...rest: readonly unknown[]) => unknown
): void {
  const symbols = Object.getOwnPropertySymbols(original)
  const kept = Object.fromEntries(symbols.map(key => [key, Reflect.get(original, key) as unknown]))
  Reflect.set(fs, name, Object.assign(instead, kept))
}

function pass(take: Take, bytes: Buffer): number {
  take(bytes)
  return bytes.length
}

/** Calls back as the function that was replaced would have: later. */
function answer(args: readonly unknown[], written: number): void {
  const callback = args.at(-1)
  if (typeof callback === 'function') process.nextTick(callback, null, written, args[0])
}

/** What the arguments after the descriptor name: `(text, position, encoding)` or `(bytes, offset, length, position)`. */
function bytesOf([chunk, second, third]: readonly unknown[]): Buffer {
  if (typeof chunk === 'string') return Buffer.from(chunk, isEncoding(third) ? third : 'utf8')
  const bytes = toBuffer(chunk)
  const isOptions = typeof second === 'object' && second !== null
  const offset: unknown = isOptions ? Reflect.get(second, 'offset') : second
  const length: unknown = isOptions ? Reflect.get(second, 'length') : third
  const from = typeof offset === 'number' ? offset : 0
  return bytes.subarray(from, typeof length === 'number' ? from + length : undefined)
}

function isEncoding(value: unknown): value is BufferEncoding {
  return typeof value === 'string' && Buffer.isEncoding(value)
}

function joined(chunks: unknown): Buffer {
  return Array.isArray(chunks) ? Buffer.concat(chunks.map(toBuffer)) : toBuffer(chunks)
}

function toBuffer(chunk: unknown): Buffer {
  if (!ArrayBuffer.isView(chunk)) throw new TypeError('The data to write must be a string or a byte array.')
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
}
