/** The pages for buying: cart, checkout, a finished order. Pure. */
import type { Order, Shortage, Totals } from '../../shared/contract.ts'
import { formatMoney } from '../../shared/money.ts'
import type { CartLine } from '../cart.ts'
import { largestQuantity } from '../cart.ts'
import type { CheckedAddress } from '../checkout.ts'
import { countries } from '../checkout.ts'
import { html } from '../html.ts'
import type { Html } from '../html.ts'
import { drawField } from './form.ts'

/** The cart; with a shortage, the reason why an order did not come about. */
export function drawCart(lines: readonly CartLine[], totals: Totals, shortage: Shortage | null): Html {
  if (lines.length === 0) {
    return html`<section class="wide narrow">
      <h1>Your cart</h1>
      <p class="empty">It is empty. <a href="/products">Look around</a></p>
    </section>`
  }
  return html`<section class="wide">
    <h1>Your cart</h1>
    ${shortage !== null && drawShortage(shortage)}
    <div class="split">
      <ul class="lines">
        ${lines.map(drawCartLine)}
      </ul>
      <div class="summary">
        ${drawTotals(totals)}
        <a class="button" href="/checkout">Check out</a>
      </div>
    </div>
  </section>`
}

/** The form that ends in an order. `key` makes sending it twice one order. */
export function drawCheckout({ address, errors }: CheckedAddress, totals: Totals, key: string): Html {
  const field = (name: keyof typeof address, label: string, autocomplete: string): Html =>
    drawField({ name, label, autocomplete, value: address[name], error: errors[name] })
  return html`<section class="wide">
    <h1>Check out</h1>
    <div class="split">
      <form class="sheet" method="post" action="/checkout" novalidate>
        <input type="hidden" name="key" value="${key}" />
        ${field('name', 'Name', 'name')} ${field('street', 'Street and number', 'street-address')}
        <div class="pair">
          ${field('postcode', 'Postcode', 'postal-code')} ${field('city', 'City', 'address-level2')}
        </div>
        ${drawField({
          name: 'country',
          label: 'Country',
          autocomplete: 'country-name',
          value: address.country,
          error: errors['country'],
          choices: countries
        })}
        <button>Place the order</button>
        <p class="quiet">This is a demonstration: nothing is paid and nothing is sent.</p>
      </form>
      <div class="summary">${drawTotals(totals)}</div>
    </div>
  </section>`
}

/** An order; right after it was placed with a word of thanks. */
export function drawOrder(order: Order, isNew: boolean): Html {
  const { name, street, postcode, city, country } = order.address
  return html`<section class="wide">
    ${isNew && html`<p class="good" role="status">Thank you! Your order is stored.</p>`}
    <h1>Order ${order.number}</h1>
    <p class="quiet">Placed on ${order.placedAt.slice(0, 10)} by ${order.email}</p>
    <div class="split">
      <div>
        <table>
          <thead>
            <tr>
              <th>Product</th>
              <th class="figure">Quantity</th>
              <th class="figure">Amount</th>
            </tr>
          </thead>
          <tbody>
            ${order.lines.map(
              line =>
                html`<tr>
                  <td>${line.name}</td>
                  <td class="figure">${line.quantity}</td>
                  <td class="figure">${formatMoney(line.priceCents * line.quantity)}</td>
                </tr>`
            )}
          </tbody>
        </table>
        <h2>Delivered to</h2>
        <address>${name}<br />${street}<br />${postcode} ${city}<br />${country}</address>
      </div>
      <div class="summary">
        ${drawTotals(order.totals)}
        <a class="button" href="/orders/${order.number}/invoice.pdf" download>Download the invoice</a>
      </div>
    </div>
  </section>`
}

function drawCartLine({ product, quantity }: CartLine): Html {
  return html`<li>
    <img src="/pictures/${product.slug}.svg" alt="" width="88" height="88" />
    <div>
      <a href="/products/${product.slug}">${product.name}</a>
      <p class="quiet">${formatMoney(product.priceCents)} each</p>
      <div class="actions">
        <form method="post" action="/cart">
          <input type="hidden" name="id" value="${product.id}" />
          <input type="hidden" name="set" value="yes" />
          <input
            name="quantity"
            type="number"
            min="0"
            max="${largestQuantity}"
            value="${quantity}"
            aria-label="Quantity of ${product.name}"
          />
          <button class="second">Change</button>
        </form>
        <form method="post" action="/cart">
          <input type="hidden" name="id" value="${product.id}" />
          <input type="hidden" name="set" value="yes" />
          <input type="hidden" name="quantity" value="0" />
          <button class="link">Remove</button>
        </form>
      </div>
    </div>
    <b class="figure">${formatMoney(product.priceCents * quantity)}</b>
  </li>`
}

function drawTotals({ subtotalCents, shippingCents, taxCents, totalCents }: Totals): Html {
  return html`<dl class="totals">
    <dt>Subtotal</dt>
    <dd>${formatMoney(subtotalCents)}</dd>
    <dt>Shipping</dt>
    <dd>${shippingCents === 0 ? 'free' : formatMoney(shippingCents)}</dd>
    <dt>Contains tax, 20 %</dt>
    <dd>${formatMoney(taxCents)}</dd>
    <dt class="total">Total</dt>
    <dd class="total">${formatMoney(totalCents)}</dd>
  </dl>`
}

function drawShortage({ name, available }: Shortage): Html {
  const left = available === 0 ? 'it has just sold out' : `there are only ${available} left`
  return html`<p class="bad" role="alert">${name}: ${left}. Please change the quantity and try again.</p>`
}
