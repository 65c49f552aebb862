/** The guides about development. */
import { follow } from './guides/follow.ts'

follow('docs/development.md', 'docs/typescript.md')
