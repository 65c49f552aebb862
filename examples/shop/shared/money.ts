/** Writes amounts of money the same way on the pages and on the invoices. Pure. */

const euro = new Intl.NumberFormat('en-IE', { style: 'currency', currency: 'EUR' })

/** Whole cents as text, for example `€1,234.50`. */
export function formatMoney(cents: number): string {
  return euro.format(cents / 100)
}
