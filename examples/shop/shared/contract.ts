/**
 * What the applications of the shop say to each other: the JSON they exchange, as types.
 *
 * Only types live here, so importing it costs nothing at run time and ties no application to another.
 * All amounts of money are whole cents; all times are ISO 8601 strings in UTC.
 */

/** One thing on sale, as the catalog answers it. */
export interface Product {
  readonly id: number
  readonly slug: string
  readonly name: string
  readonly category: string
  readonly description: string
  readonly weave: string
  readonly colours: readonly string[]
  readonly priceCents: number
  readonly stock: number
}

/** A shelf of the shop with the number of products on it. */
export interface Category {
  readonly slug: string
  readonly name: string
  readonly sentence: string
  readonly products: number
}

/** One page of a list of products. */
export interface ProductPage {
  readonly items: readonly Product[]
  readonly total: number
  readonly page: number
  readonly pages: number
}

/** A product together with others of the same category. */
export interface ProductDetail {
  readonly product: Product
  readonly related: readonly Product[]
}

/** One line of a cart or an order before the catalog has put a price on it. */
export interface WantedLine {
  readonly id: number
  readonly quantity: number
}

/** One line of an order with the name and price of the moment it was bought. */
export interface OrderLine extends WantedLine {
  readonly name: string
  readonly priceCents: number
}

/** What the catalog answers when it could not reserve a line. */
export interface Shortage {
  readonly id: number
  readonly name: string
  readonly available: number
}

/** What a cart costs. Prices include the tax; `taxCents` is the part of the total that is tax. */
export interface Totals {
  readonly subtotalCents: number
  readonly shippingCents: number
  readonly taxCents: number
  readonly totalCents: number
}

/** Where an order is sent. */
export interface Address {
  readonly name: string
  readonly street: string
  readonly postcode: string
  readonly city: string
  readonly country: string
}

/** An order as the storefront hands it to the accounts application. */
export interface NewOrder {
  /** Chosen when the checkout form is drawn: the same key twice is the same order. */
  readonly key: string
  readonly lines: readonly OrderLine[]
  readonly totals: Totals
  readonly address: Address
}

/** An order that was stored. */
export interface Order extends NewOrder {
  /** Printed on the invoice, for example `HW-000042`. */
  readonly number: string
  readonly placedAt: string
  readonly email: string
}

/** Somebody who has an account. */
export interface User {
  readonly id: number
  readonly email: string
  readonly name: string
}

/** Messages about the fields of a form, by the name of the field. */
export type FieldErrors = Readonly<Record<string, string>>

/** Which worker thread answered. */
export interface WhoAmI {
  readonly application: string
  readonly worker: string
  readonly threadId: number
  /** Requests this worker has answered since it started. */
  readonly answered: number
  readonly uptimeSeconds: number
}
