/** Fields of forms, with their messages. Pure. */
import { html } from '../html.ts'
import type { Html } from '../html.ts'

/** One field of a form. */
export interface Field {
  readonly name: string
  readonly label: string
  readonly value?: string | undefined
  readonly type?: 'text' | 'email' | 'password'
  readonly autocomplete: string
  /** What is wrong with it. */
  readonly error?: string | undefined
  readonly hint?: string
  /** Makes it a list to choose from. */
  readonly choices?: readonly string[]
}

/** A field with its label above and its message below. */
export function drawField(field: Field): Html {
  const { name, label, error, hint } = field
  const note = error ?? hint
  return html`<div class="field${error !== undefined && ' wrong'}">
    <label for="${name}">${label}</label>
    ${field.choices === undefined ? drawInput(field) : drawChoices(field, field.choices)}
    ${note !== undefined && html`<p class="note" id="${name}-note">${note}</p>`}
  </div>`
}

function drawInput({ name, value, type = 'text', autocomplete, error, hint }: Field): Html {
  const described = (error ?? hint) !== undefined && html`aria-describedby="${name}-note"`
  return html`<input
    id="${name}"
    name="${name}"
    type="${type}"
    value="${value}"
    autocomplete="${autocomplete}"
    ${error !== undefined && html`aria-invalid="true"`}
    ${described}
  />`
}

function drawChoices({ name, value, autocomplete }: Field, choices: readonly string[]): Html {
  return html`<select id="${name}" name="${name}" autocomplete="${autocomplete}">
    <option value="">Choose…</option>
    ${choices.map(choice => html`<option ${choice === value && 'selected'}>${choice}</option>`)}
  </select>`
}
