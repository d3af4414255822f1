// SPDX-License-Identifier: Apache-2.0
// Elements and texts. What the mesh says comes in as text alone, never as HTML.

const SVG = 'http://www.w3.org/2000/svg'

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) node.setAttribute(name, value)
  node.append(...children)
  return node
}

/** element('li', { class: 'x' }, 'text', child, …) */
export const element = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children)
export const shape = (name, attributes = {}, ...children) => fill(document.createElementNS(SVG, name), attributes, children)

function scaled(value, step, units) {
  let unit = 0
  while (value >= step && unit < units.length - 1) {
    value /= step
    unit++
  }
  return `${unit && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}

export const bytes = (value) => scaled(value, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB'])

/** Of bytes a second, as networks are told. */
export const rate = (value) => scaled(value * 8, 1000, ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s', 'Tbit/s'])

export function duration(ms) {
  const seconds = Math.round(ms / 1000)
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86400)} days`
}

export const clock = (ms) => new Date(ms).toLocaleTimeString([], { hour12: false })

export const count = (value) => value.toLocaleString('en').replaceAll(',', ' ')

export const shorten = (text, length) => text.length > length ? `${text.slice(0, length - 1)}…` : text
