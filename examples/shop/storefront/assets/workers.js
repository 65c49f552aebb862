/**
 * Runs in the browser on the page of the workers: asks many times and adds up who answered. Without it the
 * page shows the answers it was drawn from.
 */
const rounds = 32
const atOnce = 8
const button = document.querySelector('#ask')
const state = document.querySelector('#state')
const body = document.querySelector('#workers')

const calls = Number(body.dataset.calls)
button.textContent = `Ask ${rounds * calls} times each`
button.hidden = false
button.addEventListener('click', () => void askMany())

async function askMany() {
  button.disabled = true
  const samples = []
  let left = rounds
  let lost = 0
  const from = performance.now()
  const ask = async () => {
    while (left-- > 0) {
      const response = await fetch('/workers/samples').catch(() => null)
      if (response?.ok) samples.push(...(await response.json()))
      else lost++
      show(samples)
      state.textContent = `${samples.length} answers so far`
    }
  }
  await Promise.all(Array.from({ length: atOnce }, ask))
  const took = Math.round(performance.now() - from)
  state.textContent = `${samples.length} answers in ${took} ms${lost > 0 ? `, ${lost} requests lost` : ''}`
  button.disabled = false
}

function show(samples) {
  const rows = new Map()
  const totals = new Map()
  for (const { application, who, tookMs } of samples) {
    const name = who?.worker ?? application
    const key = `${application} ${name}`
    const row = rows.get(key) ?? { application, name, threadId: '–', failures: 0, times: [] }
    rows.set(key, row)
    if (who === null) row.failures++
    else {
      row.threadId = who.threadId
      row.times.push(tookMs)
      totals.set(application, (totals.get(application) ?? 0) + 1)
    }
  }
  const order = [...rows.values()].toSorted(byName)
  body.replaceChildren(...order.map(row => draw(row, totals.get(row.application) ?? 1)))
}

function byName(a, b) {
  const names = ['storefront', 'catalog', 'accounts', 'invoices']
  const difference = names.indexOf(a.application) - names.indexOf(b.application)
  return difference || a.name.localeCompare(b.name, 'en', { numeric: true })
}

function draw({ application, name, threadId, failures, times }, total) {
  const meter = document.createElement('meter')
  meter.value = times.length / total
  const median = times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]
  const strong = document.createElement('b')
  strong.textContent = name
  const row = document.createElement('tr')
  row.dataset.application = application
  const figures = [times.length, failures, median === undefined ? '–' : `${median.toFixed(1)} ms`]
  row.append(
    cell(strong),
    cell(threadId, 'figure'),
    cell(meter),
    ...figures.map(figure => cell(figure, 'figure'))
  )
  return row
}

function cell(content, className = '') {
  const element = document.createElement('td')
  element.className = className
  element.append(content)
  return element
}
