import { createHash } from 'node:crypto'
import { MARKUP } from './page-markup.ts'
import { SCRIPT } from './page-script.ts'
import { STYLE } from './page-style.ts'

/** The page as one HTML document. It loads only its data. */
export const PAGE: string = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>pg-switchyard</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
${MARKUP}
<script>${SCRIPT}</script>
</body>
</html>
`

/**
 * Policy of the page: its own style and script, known by their hashes, its own data, and nothing else. No text can
 * become markup, because `trusted-types 'none'` lets no string into `innerHTML` and alike.
 */
export const CONTENT_SECURITY_POLICY: string = [
  "default-src 'none'",
  `script-src '${hashOf(SCRIPT)}'`,
  `style-src '${hashOf(STYLE)}'`,
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}
