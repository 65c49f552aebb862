/**
 * The cart and what it costs.
 *
 * Pure. A cart is small and belongs to its visitor alone, so it travels in a cookie: no worker keeps it,
 * any worker can answer. Nothing in it is believed but ids and quantities; names and prices come from the
 * catalog each time.
 */
import type { Product, Totals, WantedLine } from '../shared/contract.ts'

/** The most pieces of one product in a cart. */
export const largestQuantity = 20

const mostLines = 30
const shippingCents = 490
const freeShippingFromCents = 7500
const taxRate = 0.2

/** A line of the cart with its product. */
export interface CartLine {
  readonly product: Product
  readonly quantity: number
}

/** Reads the cookie, for example `12x1.40x2`; whatever does not look like a line is left out. */
export function parseCart(cookie: string | undefined): readonly WantedLine[] {
  const quantities = new Map<number, number>()
  for (const part of (cookie ?? '').split('.')) {
    const match = /^(\d{1,9})x(\d{1,3})$/.exec(part)
    if (match === null || quantities.size >= mostLines) continue
    const quantity = Math.min(Number(match[2]), largestQuantity)
    if (quantity > 0) quantities.set(Number(match[1]), quantity)
  }
  return Array.from(quantities, ([id, quantity]) => ({ id, quantity }))
}

/** The cookie of a cart. */
export function formatCart(lines: readonly WantedLine[]): string {
  return lines.map(({ id, quantity }) => `${id}x${quantity}`).join('.')
}

/** The cart with some more of one product, within the limit of a line. */
export function addToCart(lines: readonly WantedLine[], wanted: WantedLine): readonly WantedLine[] {
  const before = lines.find(line => line.id === wanted.id)?.quantity ?? 0
  return setInCart(lines, { id: wanted.id, quantity: before + wanted.quantity })
}

/** The cart with exactly this many of one product; none takes the line out. */
export function setInCart(lines: readonly WantedLine[], wanted: WantedLine): readonly WantedLine[] {
  const quantity = Math.min(wanted.quantity, largestQuantity)
  const known = lines.some(line => line.id === wanted.id)
  const changed = known
    ? lines.map(line => (line.id === wanted.id ? { id: line.id, quantity } : line))
    : [...lines, { id: wanted.id, quantity }]
  return changed.filter(line => line.quantity > 0).slice(0, mostLines)
}

/** How many pieces are in the cart. */
export function countPieces(lines: readonly WantedLine[]): number {
  return lines.reduce((sum, line) => sum + line.quantity, 0)
}

/** What lines cost: shipping is free from 75 euros, and the prices contain 20 % tax. */
export function sumUp(lines: readonly { readonly priceCents: number; readonly quantity: number }[]): Totals {
  const subtotalCents = lines.reduce((sum, line) => sum + line.priceCents * line.quantity, 0)
  const isFree = subtotalCents === 0 || subtotalCents >= freeShippingFromCents
  const totalCents = subtotalCents + (isFree ? 0 : shippingCents)
  return {
    subtotalCents,
    shippingCents: isFree ? 0 : shippingCents,
    taxCents: Math.round(totalCents - totalCents / (1 + taxRate)),
    totalCents
  }
}
