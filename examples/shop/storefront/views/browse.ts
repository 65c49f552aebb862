/** The pages for looking around: front page, lists, single products. Pure. */
import type { Category, Product, ProductDetail, ProductPage } from '../../shared/contract.ts'
import { formatMoney } from '../../shared/money.ts'
import { html } from '../html.ts'
import type { Html } from '../html.ts'

/** What a list was asked for. */
export interface ListQuery {
  readonly q: string
  readonly category: string
  readonly sort: string
  readonly page: number
}

const sortings = [
  ['featured', 'Featured'],
  ['name', 'Name'],
  ['cheapest', 'Price, lowest first'],
  ['dearest', 'Price, highest first']
] as const

/** The front page. */
export function drawHome(categories: readonly Category[], featured: readonly Product[]): Html {
  const total = categories.reduce((sum, category) => sum + category.products, 0)
  return html`<section class="hero">
      <div class="wide">
        <div>
          <h1>Made thread by thread</h1>
          <p>
            ${total} things from looms we know by name: yarn, cloth, and what can be made of it. Nothing here
            is for sale, everything can be ordered.
          </p>
          <a class="button" href="/products">Look around</a>
          <a class="button second" href="/workers">See who answers</a>
        </div>
        <div class="collage" aria-hidden="true">
          ${featured.slice(0, 3).map(product => html`<img src="/pictures/${product.slug}.svg" alt="" />`)}
        </div>
      </div>
    </section>
    <section class="wide">
      <h2>On the shelves</h2>
      <ul class="shelves">
        ${categories.map(
          category =>
            html`<li>
              <a href="/products?category=${category.slug}">
                <b>${category.name}</b><span>${category.sentence}</span
                ><small>${category.products} products</small>
              </a>
            </li>`
        )}
      </ul>
    </section>
    <section class="wide">
      <h2>New from the loom</h2>
      ${drawGrid(featured.slice(3))}
    </section>`
}

/** A list of products with its filters. */
export function drawList(categories: readonly Category[], list: ProductPage, query: ListQuery): Html {
  const category = categories.find(({ slug }) => slug === query.category)
  const heading = query.q === '' ? (category?.name ?? 'Everything') : `“${query.q}”`
  const count = list.total === 1 ? '1 product' : `${list.total} products`
  return html`<section class="wide">
    <div class="list-head">
      <div>
        <h1>${heading}</h1>
        <p class="quiet">${count}${category !== undefined && ` in ${category.name.toLowerCase()}`}</p>
      </div>
      <form class="sort" action="/products">
        ${query.q !== '' && html`<input type="hidden" name="q" value="${query.q}" />`}
        ${query.category !== '' && html`<input type="hidden" name="category" value="${query.category}" />`}
        <label for="sort">Sorted by</label>
        <select id="sort" name="sort">
          ${sortings.map(
            ([value, label]) =>
              html`<option value="${value}" ${value === query.sort && 'selected'}>${label}</option>`
          )}
        </select>
        <button class="second">Sort</button>
      </form>
    </div>
    <nav class="chips" aria-label="Categories">
      ${drawChip(query, { slug: '', name: 'Everything' })}${categories.map(each => drawChip(query, each))}
    </nav>
    ${list.items.length === 0 ? drawNothing() : drawGrid(list.items)}
    ${list.pages > 1 && drawPager(list, query)}
  </section>`
}

/** One product. */
export function drawProduct({ product, related }: ProductDetail, category: Category | undefined): Html {
  return html`<section class="wide">
      <p class="crumbs">
        <a href="/products">Shop</a> /
        <a href="/products?category=${product.category}">${category?.name ?? product.category}</a>
      </p>
      <div class="product">
        <img src="/pictures/${product.slug}.svg" alt="${product.name}" width="400" height="400" />
        <div>
          <h1>${product.name}</h1>
          <p class="price">${formatMoney(product.priceCents)}</p>
          <p>${product.description}</p>
          ${drawSwatches(product)}
          ${product.stock > 0 ? drawBuy(product) : html`<p class="sold-out">Sold out at the moment</p>`}
        </div>
      </div>
    </section>
    <section class="wide">
      <h2>From the same shelf</h2>
      ${drawGrid(related)}
    </section>`
}

function drawBuy(product: Product): Html {
  return html`<form class="buy" method="post" action="/cart">
      <input type="hidden" name="id" value="${product.id}" />
      <label for="quantity">Quantity</label>
      <input
        id="quantity"
        name="quantity"
        type="number"
        min="1"
        max="${Math.min(20, product.stock)}"
        value="1"
      />
      <button>Add to the cart</button>
    </form>
    <p class="quiet">${product.stock > 5 ? 'In stock' : `Only ${product.stock} left`}</p>`
}

function drawSwatches({ colours, weave }: Product): Html {
  const side = 26
  return html`<p class="swatches">
    <svg width="${colours.length * (side + 6)}" height="${side}" aria-hidden="true">
      ${colours.map(
        (colour, index) =>
          html`<rect x="${index * (side + 6)}" width="${side}" height="${side}" rx="13" fill="${colour}" />`
      )}
    </svg>
    ${weave}
  </p>`
}

function drawGrid(products: readonly Product[]): Html {
  return html`<ul class="grid">
    ${products.map(
      product =>
        html`<li class="card">
          <a href="/products/${product.slug}">
            <img src="/pictures/${product.slug}.svg" alt="" width="400" height="400" loading="lazy" />
            <b>${product.name}</b>
            <span>${product.stock > 0 ? formatMoney(product.priceCents) : 'sold out'}</span>
          </a>
        </li>`
    )}
  </ul>`
}

function drawChip(query: ListQuery, { slug, name }: { readonly slug: string; readonly name: string }): Html {
  const current = slug === query.category && html`aria-current="true"`
  return html`<a href="${toHref({ ...query, category: slug, page: 1 })}" ${current}>${name}</a>`
}

function drawPager({ page, pages }: ProductPage, query: ListQuery): Html {
  return html`<nav class="pager" aria-label="Pages">
    ${page > 1 && html`<a class="button second" rel="prev" href="${toHref({ ...query, page: page - 1 })}">Back</a>`}
    <span>Page ${page} of ${pages}</span>
    ${page < pages && html`<a class="button second" rel="next" href="${toHref({ ...query, page: page + 1 })}">Next</a>`}
  </nav>`
}

function drawNothing(): Html {
  return html`<p class="empty">Nothing like this is on the shelves. Try a colour, a material or a weave.</p>`
}

function toHref({ q, category, sort, page }: ListQuery): string {
  const query = new URLSearchParams()
  if (q !== '') query.set('q', q)
  if (category !== '') query.set('category', category)
  if (sort !== 'featured') query.set('sort', sort)
  if (page > 1) query.set('page', String(page))
  return query.size === 0 ? '/products' : `/products?${query}`
}
