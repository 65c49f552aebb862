/** The guide of the frameworks, one test for each. */
import { follow } from './guides/follow.ts'

follow('docs/frameworks.md')
