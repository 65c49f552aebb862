/** A fixture that answers in all the ways that could leave something behind. Worker thread. */

import { http } from '../../src/node-http.ts'

const { createServer } = http

export { figures } from './figures.ts'

const piece = Buffer.alloc(40_000, 'x')
let open = 0
let onIdle: () => void = () => {}

/** What the thread serves. */
export const target = createServer((req, res) => {
  open++
  res.once('close', () => {
    if (--open === 0) onIdle()
  })
  if (req.url === '/echo') req.pipe(res)
  else if (req.url === '/never') req.resume()
  else if (req.url === '/half') {
    res.write(piece)
    req.resume()
  } else if (req.url === '/pour') {
    const pour = (): void => {
      while (res.write(piece)) continue
      res.once('drain', pour)
    }
    pour()
  } else res.end('{"ok":true}')
})

/** Resolves when no response is open any more. */
export async function idle(): Promise<void> {
  if (open === 0) return
  await new Promise<void>(resolve => {
    onIdle = resolve
  })
}
