/** The pages around an account: logging in, registering, the list of orders. Pure. */
import type { FieldErrors, Order, User } from '../../shared/contract.ts'
import { formatMoney } from '../../shared/money.ts'
import { html } from '../html.ts'
import type { Html } from '../html.ts'
import { drawField } from './form.ts'

/** A form that was filled in, or is yet to be. */
export interface AccountForm {
  readonly values: { readonly name: string; readonly email: string }
  readonly errors: FieldErrors
  /** Path to go on to afterwards. */
  readonly next: string
}

/** The form for logging in. */
export function drawLogin({ values, errors, next }: AccountForm): Html {
  return html`<section class="wide narrow">
    <h1>Log in</h1>
    <form class="sheet" method="post" action="/login" novalidate>
      <input type="hidden" name="next" value="${next}" />
      ${drawEmail(values.email, errors)}
      ${drawField({
        name: 'password',
        label: 'Password',
        type: 'password',
        autocomplete: 'current-password',
        error: errors['password']
      })}
      <button>Log in</button>
    </form>
    <p>New here? <a href="/register?next=${encodeURIComponent(next)}">Make an account</a></p>
  </section>`
}

/** The form for making an account. */
export function drawRegister({ values, errors, next }: AccountForm): Html {
  return html`<section class="wide narrow">
    <h1>Make an account</h1>
    <form class="sheet" method="post" action="/register" novalidate>
      <input type="hidden" name="next" value="${next}" />
      ${drawField({
        name: 'name',
        label: 'Name',
        autocomplete: 'name',
        value: values.name,
        error: errors['name']
      })}
      ${drawEmail(values.email, errors)}
      ${drawField({
        name: 'password',
        label: 'Password',
        type: 'password',
        autocomplete: 'new-password',
        error: errors['password'],
        hint: 'At least eight characters.'
      })}
      <button>Make the account</button>
    </form>
    <p>Been here before? <a href="/login?next=${encodeURIComponent(next)}">Log in</a></p>
  </section>`
}

/** Somebody's account with their orders. */
export function drawAccount(user: User, orders: readonly Order[]): Html {
  return html`<section class="wide">
    <div class="list-head">
      <div>
        <h1>Hello, ${user.name}</h1>
        <p class="quiet">${user.email}</p>
      </div>
      <form method="post" action="/logout"><button class="second">Log out</button></form>
    </div>
    <h2>Your orders</h2>
    ${orders.length === 0 ? html`<p class="empty">None yet. <a href="/products">Look around</a></p>` : drawOrders(orders)}
  </section>`
}

function drawOrders(orders: readonly Order[]): Html {
  return html`<table>
    <thead>
      <tr>
        <th>Order</th>
        <th>Date</th>
        <th class="figure">Total</th>
        <th>Invoice</th>
      </tr>
    </thead>
    <tbody>
      ${orders.map(
        order =>
          html`<tr>
            <td><a href="/orders/${order.number}">${order.number}</a></td>
            <td>${order.placedAt.slice(0, 10)}</td>
            <td class="figure">${formatMoney(order.totals.totalCents)}</td>
            <td><a href="/orders/${order.number}/invoice.pdf" download>PDF</a></td>
          </tr>`
      )}
    </tbody>
  </table>`
}

function drawEmail(value: string, errors: FieldErrors): Html {
  return drawField({
    name: 'email',
    label: 'E-mail address',
    type: 'email',
    autocomplete: 'email',
    value,
    error: errors['email']
  })
}
