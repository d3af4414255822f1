// SPDX-License-Identifier: Apache-2.0
// The mesh as a drawing in SVG, that can be zoomed, moved, and gone through by keys.
import { layout } from './layout.js'
import { shape, shorten } from './text.js'

const LABEL_ROOM = 62	// pixels from node to node, from which on those of a ring have their names
const LETTER = { width: 7.4, height: 15 }	// about, and not less
const LABEL_LENGTH = 22
const NEAREST = 12	// times as near as all

const CROWN = 'M-6 5V-4l3.5 3.5L0-5l2.5 4.5L6-4v9z'

const CROWD = 40	// lines, from which on each is finer

const wide = (bytesPerSecond) => 1.5 + Math.log10(1 + bytesPerSecond / 100)

/** Beside the node, away from the middle. */
function labelPlace({ angle, size, ring }) {
  const across = Math.cos(angle)
  if (ring === 'self') return { x: 0, y: size, dy: '1.3em', 'text-anchor': 'middle' }
  if (Math.abs(across) > 0.35) return { x: Math.sign(across) * (size + 5), y: 0, dy: '0.35em', 'text-anchor': across > 0 ? 'start' : 'end' }
  return Math.sin(angle) < 0 ? { x: 0, y: -size - 3, dy: '-0.2em', 'text-anchor': 'middle' }
    : { x: 0, y: size + 3, dy: '0.9em', 'text-anchor': 'middle' }
}

/** Where a name is, in the drawing. */
function labelBox(id, place, unit) {
  const { x, y, 'text-anchor': anchor } = labelPlace(place)
  const width = Math.min(id.length, LABEL_LENGTH) * LETTER.width * unit
  const height = LETTER.height * unit
  const left = place.x + x - { start: 0, middle: width / 2, end: width }[anchor]
  const top = place.y + y - (y > 0 ? 0 : y < 0 ? height : height / 2) - (y ? 4 * unit : 0)
  return { left, top, right: left + width, bottom: top + height + (y ? 8 * unit : 0) }
}

const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom

const bowed = (from, to) => {
  const bow = 0.16
  const x = (from.x + to.x) / 2 - (to.y - from.y) * bow
  const y = (from.y + to.y) / 2 + (to.x - from.x) * bow
  return `M${from.x} ${from.y}Q${x} ${y} ${to.x} ${to.y}`
}

export class Graph {
  #svg
  #rings = shape('g')
  #links = shape('g')
  #marks = shape('g')
  #drawn = new Map()	// id: what of it is drawn
  #nodes = []
  #layout = { places: new Map(), rings: [], radius: 200 }
  #view = null	// { x, y, width }, of the drawing; null: all
  #selected = null
  #found = null	// ids, while something is searched for
  #onSelect

  constructor(svg, onSelect) {
    this.#svg = svg
    this.#onSelect = onSelect
    svg.append(this.#rings, this.#links, this.#marks)
    svg.addEventListener('click', (event) => this.#onSelect(event.target.closest('[data-id]')?.dataset.id ?? null))
    svg.addEventListener('wheel', (event) => this.#wheel(event), { passive: false })
    svg.addEventListener('pointerdown', (event) => this.#drag(event))
    svg.addEventListener('keydown', (event) => this.#key(event))
    new ResizeObserver(() => this.#look()).observe(svg)
  }

  draw(nodes) {
    this.#nodes = nodes
    this.#layout = layout(nodes)
    this.#drawRings()
    this.#drawLinks()
    this.#drawMarks()
    this.#look()
  }

  select(id) {
    this.#selected = id
    for (const [of, { group }] of this.#drawn) group.classList.toggle('selected', of === id)
    this.#drawLinks()
    this.#look()
  }

  /** `found`: ids, or null without a search. */
  highlight(found) {
    this.#found = found
    this.#svg.classList.toggle('searching', found !== null)
    for (const [id, { group }] of this.#drawn) group.classList.toggle('found', found?.has(id) ?? false)
    this.#look()
  }

  // ---- drawing ----

  #drawRings() {
    this.#rings.replaceChildren(...this.#layout.rings.map(({ name, inner, outer }) =>
      shape('circle', { class: `ring ${name}`, r: (inner + outer) / 2, 'stroke-width': outer - inner + 34 })))
  }

  #drawLinks() {
    const { places } = this.#layout
    const self = this.#nodes.find((node) => node.path === 'self')
    const leader = this.#nodes.find((node) => node.role === 'leader')
    const links = []
    const crowded = this.#nodes.filter(({ path }) => path === 'direct').length > CROWD
    this.#links.setAttribute('class', crowded ? 'crowded' : '')
    for (const node of this.#nodes) {
      const to = places.get(node.id)
      if (leader && node !== leader && node.role !== 'observer')
        links.push(shape('path', { class: `link raft ${node.silent ? 'gone' : ''}`, d: bowed(places.get(leader.id), to) }))
      const from = node.path === 'direct' && self ? places.get(self.id) : node.path === 'relayed' && places.get(node.via)
      if (!from) continue
      const busy = node.silent ? 'gone' : node.rxRate + node.txRate > 0 ? 'busy' : ''
      const chosen = node.id === this.#selected ? 'selected' : ''
      links.push(shape('line', { class: `link ${node.path} ${busy} ${chosen}`, x1: from.x, y1: from.y, x2: to.x, y2: to.y,
        'stroke-width': Math.min(wide(node.rxRate + node.txRate), crowded ? 2 : 6) }))
    }
    this.#links.replaceChildren(...links)
  }

  #drawMarks() {
    const gone = new Set(this.#drawn.keys())
    for (const node of this.#nodes) {
      gone.delete(node.id)
      this.#drawMark(node, this.#layout.places.get(node.id))
    }
    for (const id of gone) {
      this.#drawn.get(id).group.remove()
      this.#drawn.delete(id)
    }
  }

  #drawMark(node, place) {
    const look = `${node.role} ${node.path} ${node.silent} ${place.size} ${place.angle} ${place.ring}`
    const known = this.#drawn.get(node.id)
    const group = known?.group ?? shape('g', { 'data-id': node.id })
    group.style.transform = `translate(${place.x}px, ${place.y}px)`
    if (known?.look === look) return
    if (!known) this.#marks.append(group)
    this.#drawn.set(node.id, { group, look })
    const selected = node.id === this.#selected ? 'selected' : ''
    group.setAttribute('class', `node ${place.ring} ${selected}`)
    group.replaceChildren(...this.#partsOf(node, place))
  }

  #partsOf(node, place) {
    const { size } = place
    const parts = [shape('title', {}, node.id), shape('circle', { class: 'reach', r: size + 6 })]
    if (node.role === 'voter' || node.role === 'leader') parts.push(shape('circle', { class: 'halo', r: size + 4 }))
    parts.push(shape('circle', { class: `dot ${node.silent ? 'gone' : node.path}`, r: size }))
    if (node.role === 'leader') parts.push(shape('path', { class: 'crown', d: CROWN, transform: `scale(${size / 10})` }))
    parts.push(shape('text', labelPlace(place.ring === 'self' || node.role === 'observer' ? place : { ...place, size: size + 4 }),
      shorten(node.id, LABEL_LENGTH)))
    return parts
  }

  // ---- looking ----

  /** Units of the drawing in a pixel when all of it is seen. */
  #all() {
    const { clientWidth, clientHeight } = this.#svg
    const { radius } = this.#layout
    const names = this.#layout.rings.at(-1)?.spacing * Math.min(clientWidth, clientHeight) / (2 * radius) >= LABEL_ROOM ? 130 : 0
    return Math.max((2 * radius + 2 * names) / Math.max(clientWidth, 1), 2 * radius / Math.max(clientHeight, 1), 0.55)
  }

  #look() {
    const { clientWidth, clientHeight } = this.#svg
    if (!clientWidth) return
    const { x, y, unit } = this.#view ?? { x: 0, y: 0, unit: this.#all() }
    this.#svg.setAttribute('viewBox', [x - clientWidth * unit / 2, y - clientHeight * unit / 2, clientWidth * unit, clientHeight * unit].join(' '))
    this.#svg.style.setProperty('--unit', unit)
    this.#showNames(unit)
  }

  /** As many as there is room for: the chosen one and what was found go first, then who is nearer to the middle. */
  #showNames(unit) {
    const roomy = new Set(['self', ...this.#layout.rings.filter(({ spacing }) => spacing / unit >= LABEL_ROOM).map(({ name }) => name)])
    const taken = []
    const rank = ([id]) => id === this.#selected ? 0 : this.#found?.has(id) ? 1 : 2
    for (const entry of [...this.#layout.places].sort((a, b) => rank(a) - rank(b))) {
      const [id, place] = entry
      const box = rank(entry) < 2 || roomy.has(place.ring) ? labelBox(id, place, unit) : null
      const fits = box && !taken.some((other) => meet(box, other))
      if (fits) taken.push(box)
      this.#drawn.get(id)?.group.classList.toggle('named', Boolean(fits))
    }
  }

  /** Nearer by `times`, with the point of the drawing that is at the pixel staying there. */
  zoom(times, pixel = { x: this.#svg.clientWidth / 2, y: this.#svg.clientHeight / 2 }) {
    const all = this.#all()
    const { x, y, unit } = this.#view ?? { x: 0, y: 0, unit: all }
    const next = Math.min(Math.max(unit / times, all / NEAREST), all)
    const dx = pixel.x - this.#svg.clientWidth / 2
    const dy = pixel.y - this.#svg.clientHeight / 2
    this.#view = next === all ? null : { x: x + dx * (unit - next), y: y + dy * (unit - next), unit: next }
    this.#look()
  }

  zoomAll() {
    this.#view = null
    this.#look()
  }

  /** Brings a node into the middle, near enough to read its name. */
  goTo(id) {
    const place = this.#layout.places.get(id)
    if (!place) return
    this.#view = { x: place.x, y: place.y, unit: Math.min(this.#view?.unit ?? Infinity, this.#all() / 2.5) }
    this.#look()
  }

  #wheel(event) {
    event.preventDefault()
    const box = this.#svg.getBoundingClientRect()
    this.zoom(Math.exp(-event.deltaY / 300), { x: event.clientX - box.left, y: event.clientY - box.top })
  }

  #drag(down) {
    const from = this.#view
    if (!from || down.button) return
    const move = (event) => {
      this.#view = { ...from, x: from.x - (event.clientX - down.clientX) * from.unit, y: from.y - (event.clientY - down.clientY) * from.unit }
      this.#look()
    }
    this.#svg.addEventListener('pointermove', move)
    addEventListener('pointerup', () => this.#svg.removeEventListener('pointermove', move), { once: true })
  }

  // ---- keys ----

  #step(by) {
    const ids = [...this.#layout.places.keys()]
    const at = ids.indexOf(this.#selected)
    if (ids.length) this.#onSelect(ids[at < 0 ? 0 : (at + by + ids.length) % ids.length])
  }

  #key(event) {
    const actions = {
      ArrowRight: () => this.#step(1), ArrowDown: () => this.#step(1),
      ArrowLeft: () => this.#step(-1), ArrowUp: () => this.#step(-1),
      '+': () => this.zoom(1.4), '-': () => this.zoom(1 / 1.4), 0: () => this.zoomAll(), Escape: () => this.#onSelect(null),
    }
    const action = actions[event.key]
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    action()
  }
}
