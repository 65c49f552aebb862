/**
 * The example shop from end to end: the command of `npm start` as a process of its own, a real browser in
 * front of it, and everything a visitor does from looking around to the invoice.
 *
 * Needs Chromium: `CHROMIUM`, by default `/usr/bin/chromium`.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'

import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'

import { readPdfText } from '../../examples/shop/test/fixtures/pdf-text.ts'

const root = join(import.meta.dirname, '..', '..')
const executable = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const data = mkdtempSync(join(tmpdir(), 'heddle-shop-'))

type Line = Readonly<Record<string, unknown>>

/** The log of the server: what it has written, and what it is about to. */
interface Log {
  readonly lines: readonly Line[]
  /** The first line that fits, already written or still to come. */
  find(fits: (line: Line) => boolean): Promise<Line>
}

let server: ChildProcess
let log: Log
let browser: Browser
let page: Page
let url: string
/** What the browser complained about: errors of scripts, and anything the page's own policy forbade. */
const complaints: string[] = []

before(async () => {
  assert.ok(
    existsSync(executable),
    `This test drives a browser: there is no ${executable}. Install Chromium, or name yours in CHROMIUM.`
  )
  server = startServer()
  log = readLog(server)
  const started = await log.find(line => line['msg'] === 'Server has started.')
  url = String(started['url'])
  browser = await chromium.launch({ executablePath: executable, args: ['--no-sandbox', '--disable-gpu'] })
  page = await browser.newPage()
  page.on('pageerror', error => complaints.push(error.message))
  page.on('console', message => {
    if (message.text().includes('Content Security Policy')) complaints.push(message.text())
  })
})

after(async () => {
  await browser?.close()
  if (server !== undefined && server.exitCode === null && server.signalCode === null) {
    const exit = once(server, 'exit')
    server.kill('SIGKILL')
    await exit
  }
  rmSync(data, { recursive: true })
})

test('the front page shows the shelves, with styles and pictures from the shop itself', async () => {
  await page.goto(url)
  assert.equal(await page.locator('.shelves li').count(), 8)
  const picture = page.locator('.collage img').first()
  await picture.evaluate(image => (image as HTMLImageElement).decode())
  const colour = await page
    .locator('.hero .button')
    .first()
    .evaluate(button => getComputedStyle(button).backgroundColor)
  assert.notEqual(colour, 'rgba(0, 0, 0, 0)')
})

test('the shop finds products by words and pages through a shelf', async () => {
  await page.fill('input[type=search]', 'hemp rug')
  await page.click('.search button')
  await page.waitForURL(/q=hemp/)
  const names = await page.locator('.card b').allTextContents()
  assert.equal(names.length, 5)
  assert.ok(
    names.every(name => name.endsWith('hemp rug')),
    names.join(', ')
  )
  await page.goto(`${url}/products?category=bags`)
  await page.click('a[rel=next]')
  assert.match(await page.locator('.pager').innerText(), /Page 2 of 2/)
})

test('the cart keeps what is put in and asks for a login before the checkout', async () => {
  await page.goto(`${url}/products?category=scarves&sort=cheapest`)
  await page.locator('.card', { hasNotText: 'sold out' }).first().locator('a').click()
  await page.fill('#quantity', '2')
  await page.click('text=Add to the cart')
  await page.waitForURL(/\/cart$/)
  assert.equal(await page.locator('.badge').innerText(), '2')
  await page.click('text=Check out')
  await page.waitForURL(/\/login\?next=/)
})

test('the shop says what is wrong with a registration and then accepts it', async () => {
  await page.click('text=Make an account')
  await page.fill('#name', 'Ada <i>Lovelace</i>')
  await page.fill('#email', 'ada@example.org')
  await page.fill('#password', 'short')
  await page.click('text=Make the account')
  assert.match(await page.locator('.field.wrong').innerText(), /at least 8 characters/)
  assert.equal(await page.inputValue('#name'), 'Ada <i>Lovelace</i>')
  await page.fill('#password', 'long enough')
  await page.click('text=Make the account')
  await page.waitForURL(/\/checkout$/)
})

test('a visitor who logged out can log in again, with the right password only', async () => {
  await page.goto(`${url}/account`)
  await page.click('text=Log out')
  await page.goto(`${url}/login?next=/checkout`)
  await page.fill('#email', 'ada@example.org')
  await page.fill('#password', 'wrong password')
  await page.click('main button')
  assert.match(await page.locator('.field.wrong').innerText(), /do not belong together/)
  await page.fill('#password', 'long enough')
  await page.click('main button')
  await page.waitForURL(/\/checkout$/)
})

test('an order is stored and its invoice is a PDF with the same total', async () => {
  await page.click('text=Place the order')
  assert.equal(await page.locator('.field.wrong').count(), 4)
  await page.fill('#street', '1 Analytical Way')
  await page.fill('#postcode', '10115')
  await page.fill('#city', 'Berlin')
  await page.selectOption('#country', 'Germany')
  await page.click('text=Place the order')
  await page.waitForURL(/\/orders\/HW-000001/)
  const total = await page.locator('dd.total').innerText()
  assert.match(total, /^€\d+\.\d\d$/)
  const downloading = page.waitForEvent('download')
  await page.click('text=Download the invoice')
  const file = readFileSync(await (await downloading).path())
  assert.equal(file.subarray(0, 5).toString(), '%PDF-')
  const text = readPdfText(file)
  assert.ok(text.includes(`Total\n${total.replace('€', '\\200')}`), text)
  assert.match(text, /^HW-000001$/m)
  await log.find(line => line['application'] === 'accounts' && line['order'] === 'HW-000001')
})

test('the page of the workers shows several workers of every application', async () => {
  await page.goto(`${url}/workers`)
  await page.click('#ask')
  await page.waitForFunction(() => document.querySelector<HTMLButtonElement>('#ask')?.disabled === false)
  const names = await page.locator('#workers b').allTextContents()
  const applications = ['storefront', 'catalog', 'accounts', 'invoices']
  assert.deepEqual(
    names,
    applications.flatMap(application => [`${application}:0`, `${application}:1`])
  )
  const failures = await page.locator('#workers td:nth-child(5)').allTextContents()
  assert.ok(
    failures.every(count => count === '0'),
    failures.join(', ')
  )
})

test('a path that does not exist is answered 404 with a page', async () => {
  const response = await page.goto(`${url}/nowhere`)
  assert.equal(response?.status(), 404)
  assert.match(await page.locator('main').innerText(), /A dropped stitch/)
})

test('until something is broken on purpose neither the server nor the browser reports an error', () => {
  assert.deepEqual(complaints, [])
  const errors = log.lines.filter(line => line['level'] === 'error')
  assert.deepEqual(errors, [])
})

test('an application that fails gives a page with the id of the request, which is in the log', async () => {
  await page.goto(`${url}/workers`)
  await page.click('text=Let the invoices fail')
  await page.waitForSelector('text=A thread has snapped')
  const requestId = await page.locator('main code').innerText()
  for (const application of ['invoices', 'storefront']) {
    await log.find(line => line['application'] === application && line['requestId'] === requestId)
  }
})

test('a worker that crashes is replaced, and the shop goes on meanwhile', async () => {
  await page.goto(`${url}/workers`)
  await page.click('text=Crash a worker of the catalog')
  const crashed = await log.find(line => line['application'] === 'catalog' && line['reason'] === 'crashed')
  const response = await page.goto(`${url}/products`)
  assert.equal(response?.status(), 200)
  await log.find(line => line['worker'] === crashed['worker'] && line['msg'] === 'Worker was replaced.')
})

test('SIGTERM ends the server with exit code 0', async () => {
  const exit = once(server, 'exit')
  server.kill('SIGTERM')
  assert.deepEqual(await exit, [0, null])
})

/** Starts what `npm start` starts, on a free port, with two workers of each application and data of its own. */
function startServer(): ChildProcess {
  const manifest: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const { start } = (manifest as { scripts: { start: string } }).scripts
  const [command, ...words] = start.replace(/^exec /, '').split(' ')
  assert.equal(command, 'node')
  return spawn(process.execPath, [...words, '--port', '0', '--workers', '2'], {
    cwd: root,
    env: { ...process.env, SHOP_DATA: data },
    stdio: ['ignore', 'pipe', 'inherit']
  })
}

/** Reads the log, one JSON object per line. */
function readLog(child: ChildProcess): Log {
  const lines: Line[] = []
  const waiting = new Set<{
    fits: (line: Line) => boolean
    found: (line: Line) => void
    failed: (error: Error) => void
  }>()
  assert.ok(child.stdout !== null)
  createInterface({ input: child.stdout }).on('line', text => {
    const line = JSON.parse(text) as Line
    lines.push(line)
    for (const one of waiting) {
      if (!one.fits(line)) continue
      waiting.delete(one)
      one.found(line)
    }
  })
  child.on('exit', code => {
    const written = lines.map(line => JSON.stringify(line)).join('\n')
    for (const { failed } of waiting) failed(new Error(`The server ended with ${code} after:\n${written}`))
  })
  return {
    lines,
    find: fits => {
      const known = lines.find(line => fits(line))
      if (known !== undefined) return Promise.resolve(known)
      return new Promise((found, failed) => waiting.add({ fits, found, failed }))
    }
  }
}
