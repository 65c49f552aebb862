/**
 * Lays out the invoice of an order on as many pages as its lines need.
 *
 * Pure and synchronous. `server.ts` calls it once per request; while it draws, its worker answers nobody
 * else, which is what the other workers are for.
 */
import type { Order, OrderLine } from '../shared/contract.ts'
import { formatMoney } from '../shared/money.ts'
import { encodeBarcode } from './barcode.ts'
import { fit } from './fonts.ts'
import { drawRosette, drawWaves } from './guilloche.ts'
import { createPage, pageSize, writeDocument } from './pdf.ts'
import type { Colour, Page } from './pdf.ts'

const margin = 56
const right = pageSize.width - margin
const indigo: Colour = [0.16, 0.21, 0.4]
const clay: Colour = [0.72, 0.35, 0.22]
const pale: Colour = [0.86, 0.85, 0.9]
const grey: Colour = [0.42, 0.4, 0.38]
const rowHeight = 24
const linesOnFirstPage = 14
const linesOnOtherPages = 24
const columns = { name: margin, quantity: 372, price: 448, amount: right } as const

/** The invoice as a PDF file. */
export function renderInvoice(order: Order): Buffer {
  const sheets = splitLines(order.lines)
  const pages = sheets.map((lines, index) => {
    const page = createPage()
    const isFirst = index === 0
    drawHead(page, order)
    if (isFirst) drawAddresses(page, order)
    const end = drawLines(page, lines, isFirst ? 300 : 170)
    if (index === sheets.length - 1) drawTotals(page, order, end)
    drawFoot(page, order, `Page ${index + 1} of ${sheets.length}`)
    return page
  })
  return writeDocument(pages, `Invoice ${order.number}`)
}

/** Fewer lines fit on the first page, which has the addresses, and there is always a page. */
function splitLines(lines: readonly OrderLine[]): readonly (readonly OrderLine[])[] {
  const sheets = [lines.slice(0, linesOnFirstPage)]
  for (let from = linesOnFirstPage; from < lines.length; from += linesOnOtherPages) {
    sheets.push(lines.slice(from, from + linesOnOtherPages))
  }
  return sheets
}

function drawHead(page: Page, order: Order): void {
  const band = { x: 0, y: 0, width: pageSize.width, height: 96 }
  for (const points of drawWaves(order.number, band)) page.curve(points, { colour: pale, width: 0.4 })
  page.text([margin, 58], 'Heddle & Weft', { font: 'bold', size: 22, colour: indigo })
  page.text([right, 52], 'Invoice', { size: 11, colour: grey, align: 'right' })
  page.text([right, 68], order.number, { font: 'bold', size: 14, colour: clay, align: 'right' })
}

function drawAddresses(page: Page, order: Order): void {
  const { name, street, postcode, city, country } = order.address
  page.text([margin, 140], 'Delivered to', { size: 9, colour: grey })
  for (const [index, line] of [name, street, `${postcode} ${city}`, country].entries()) {
    page.text([margin, 158 + index * 15], fit(line, 'regular', { size: 11, width: 260 }), { size: 11 })
  }
  const facts = [
    ['Date', order.placedAt.slice(0, 10)],
    ['Order', order.number],
    ['Account', fit(order.email, 'regular', { size: 10, width: 130 })],
    ['Payment', 'None: this is a demonstration']
  ] as const
  for (const [index, [label, value]] of facts.entries()) {
    page.text([346, 140 + index * 18], label, { size: 9, colour: grey })
    page.text([right, 140 + index * 18], value, { size: 10, align: 'right' })
  }
}

/** Draws the table and gives the place below its last line. */
function drawLines(page: Page, lines: readonly OrderLine[], top: number): number {
  page.box({ x: margin, y: top - 17, width: right - margin, height: 25 }, indigo)
  const head = { font: 'bold', size: 9, colour: [1, 1, 1] } as const
  page.text([columns.name + 10, top], 'Product', head)
  page.text([columns.quantity, top], 'Quantity', { ...head, align: 'right' })
  page.text([columns.price, top], 'Price', { ...head, align: 'right' })
  page.text([columns.amount - 10, top], 'Amount', { ...head, align: 'right' })
  lines.forEach((line, index) => {
    const y = top + (index + 1) * rowHeight
    page.text([columns.name + 10, y], fit(line.name, 'regular', { size: 10, width: 240 }))
    page.text([columns.quantity, y], String(line.quantity), { align: 'right' })
    page.text([columns.price, y], formatMoney(line.priceCents), { align: 'right' })
    page.text([columns.amount - 10, y], formatMoney(line.priceCents * line.quantity), { align: 'right' })
    drawRule(page, y + 8)
  })
  return top + (lines.length + 1) * rowHeight
}

function drawTotals(page: Page, order: Order, top: number): void {
  const { subtotalCents, shippingCents, taxCents, totalCents } = order.totals
  const rows = [
    ['Subtotal', formatMoney(subtotalCents)],
    ['Shipping', shippingCents === 0 ? 'free' : formatMoney(shippingCents)],
    ['Contains tax, 20 %', formatMoney(taxCents)]
  ] as const
  for (const [index, [label, value]] of rows.entries()) {
    page.text([columns.price, top + 8 + index * 17], label, { size: 9, colour: grey, align: 'right' })
    page.text([columns.amount - 10, top + 8 + index * 17], value, { align: 'right' })
  }
  page.box({ x: 330, y: top + 52, width: right - 330, height: 30 }, [0.97, 0.94, 0.9])
  page.text([columns.price, top + 72], 'Total', { font: 'bold', size: 12, align: 'right' })
  const total = { font: 'bold', size: 14, colour: clay, align: 'right' } as const
  page.text([columns.amount - 10, top + 72], formatMoney(totalCents), total)
}

function drawFoot(page: Page, order: Order, pageNumber: string): void {
  for (const points of drawRosette(order.number, [right - 34, 764], 34)) {
    page.curve(points, { colour: [0.78, 0.6, 0.52], width: 0.3 })
  }
  const { bars } = encodeBarcode(order.number)
  for (const { at, width } of bars) {
    page.box({ x: margin + at * 1.1, y: 738, width: width * 1.1, height: 36 }, [0, 0, 0])
  }
  page.text([margin, 786], order.number, { size: 8, colour: grey })
  drawRule(page, 800)
  const thanks = 'Heddle & Weft, 1 Shed Lane, Loomfield. Thank you for trying the example.'
  page.text([margin, 816], thanks, { size: 8, colour: grey })
  page.text([right, 816], pageNumber, { size: 8, colour: grey, align: 'right' })
}

function drawRule(page: Page, y: number): void {
  page.box({ x: margin, y, width: right - margin, height: 0.5 }, [0.87, 0.85, 0.82])
}
