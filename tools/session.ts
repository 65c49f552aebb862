/**
 * Plays the session of `docs/slow-worker.md` in a real terminal and writes down what it has shown: pictures, the text of
 * the page, and a recording that `asciinema play` shows.
 *
 * `node tools/session.ts` writes into `docs/`; `node tools/session.ts <directory>` into another directory. Needs bash, and
 * `script` of util-linux.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

import { pictureOf } from './session/picture.ts'
import { play, size } from './session/play.ts'
import { fillPage, recordingOf } from './session/page.ts'

const docs = join(import.meta.dirname, '..', 'docs')
const target = resolve(process.argv[2] ?? docs)
const { scenes, moments } = await play({ keyMs: 45, lookMs: 2500 })

mkdirSync(join(target, 'images'), { recursive: true })
for (const { name, title, lines } of scenes) {
  const file = join(target, 'images', `slow-worker-${name}.svg`)
  writeFileSync(file, pictureOf({ title, lines, columns: size.columns }))
}
writeFileSync(join(target, 'images', 'slow-worker.cast'), recordingOf(moments, size))
const page = readFileSync(join(docs, 'slow-worker.md'), 'utf8')
writeFileSync(join(target, 'slow-worker.md'), fillPage(page, scenes))
process.stdout.write(`Written to ${target}.\n`)
