/** The guides one begins with. */
import { follow } from './guides/follow.ts'

follow('README.md', 'docs/getting-started.md')
