// SPDX-License-Identifier: Apache-2.0
// Where a node is drawn: this one in the middle, and around it the servers, those with a session, those behind a
// relay, and the dormant ones, in rings that become denser the more there are; a few are in one ring, all of them. The
// same nodes are always at the same places.

const TURN = 2 * Math.PI
const TOP = -TURN / 4

const GAP = 74	// between two rings
const FEW = 14	// others, that one ring has room for

// Of a ring: up to so many nodes, how far they are from each other, and how large they are.
const DENSITIES = {
  few: [[Infinity, 110, 9]],
  servers: [[8, 120, 11], [Infinity, 76, 9]],
  direct: [[16, 100, 8], [60, 52, 7], [Infinity, 30, 6]],
  relayed: [[16, 100, 7], [60, 46, 6], [Infinity, 28, 5]],
  dormant: [[16, 100, 6], [60, 40, 5], [200, 24, 4.5], [Infinity, 17, 4]],
}

const isServer = (node) => node.role !== 'observer'
const leaderFirst = (nodes) => [...nodes.filter((node) => node.role === 'leader'), ...nodes.filter((node) => node.role !== 'leader')]

function ringOf(node) {
  if (isServer(node)) return 'servers'
  return node.path === 'direct' || node.path === 'relayed' ? node.path : 'dormant'
}

/** How many stand in each of the rows that begin at `radius`: as full as they have room. */
function rowsOf(total, radius, spacing) {
  const rooms = []
  let room = 0
  for (let r = radius; room < total; r += spacing) {
    rooms.push({ r, room: Math.max(1, Math.floor(TURN * r / spacing)) })
    room += rooms.at(-1).room
  }
  let left = total
  return rooms.map(({ r, room: own }, row) => {
    const here = row === rooms.length - 1 ? left : Math.min(left, Math.round(total * own / room))
    left -= here
    return { r, here }
  })
}

const densityOf = (name, total) => DENSITIES[name].find(([most]) => total <= most)

function place(name, nodes, radius, places) {
  const [, spacing, size] = densityOf(name, nodes.length)
  const rows = rowsOf(nodes.length, radius, spacing)
  let next = 0
  let closest = Infinity
  rows.forEach(({ r, here }, row) => {
    const step = TURN / Math.max(here, 1)
    const begin = TOP + (name === 'servers' || name === 'few' ? 0 : step / 2) + row * step / 2
    if (here > 1) closest = Math.min(closest, step * r)
    for (let i = 0; i < here; i++) {
      const angle = begin + i * step
      places.set(nodes[next++].id, { x: r * Math.cos(angle), y: r * Math.sin(angle), angle, size, ring: name })
    }
  })
  return { name, count: nodes.length, inner: radius, outer: rows.at(-1).r, spacing: closest }
}

const turnTo = (a, b) => Math.abs(((a - b) % TURN + 1.5 * TURN) % TURN - TURN / 2)

/** Each on the side of its relay, at the nearest place that is free. */
function placeByRelay(name, nodes, radius, places) {
  const [, spacing, size] = densityOf(name, nodes.length)
  const rows = rowsOf(nodes.length, radius, spacing)
  const free = rows.flatMap(({ r }) => {
    const room = Math.floor(TURN * r / spacing)
    return Array.from({ length: room }, (_, i) => ({ r, angle: TOP + i * TURN / room }))
  })
  for (const node of nodes) {
    const side = places.get(node.via)?.angle ?? TOP
    let best = 0
    free.forEach(({ angle }, i) => { if (turnTo(angle, side) < turnTo(free[best].angle, side)) best = i })
    const [{ r, angle }] = free.splice(best, 1)
    places.set(node.id, { x: r * Math.cos(angle), y: r * Math.sin(angle), angle, size, ring: name })
  }
  return { name, count: nodes.length, inner: radius, outer: rows.at(-1).r, spacing }
}

/** Those behind a relay come behind it. */
function inOneRing(nodes) {
  const ranks = ['servers', 'direct', 'relayed', 'dormant']
  const byRank = leaderFirst(nodes.toSorted((a, b) => ranks.indexOf(ringOf(a)) - ranks.indexOf(ringOf(b))))
  const behind = Object.groupBy(byRank, ({ path, via }) => path === 'relayed' && nodes.some(({ id }) => id === via) ? via : '')
  return (behind[''] ?? []).flatMap((node) => [node, ...behind[node.id] ?? []])
}

function ringsOf(nodes) {
  if (nodes.length <= FEW) return nodes.length ? { few: inOneRing(nodes) } : {}
  const groups = Object.groupBy(nodes, ringOf)
  if (groups.servers) groups.servers = leaderFirst(groups.servers)
  return groups
}

/** `nodes` are in the order of their ids, each with `role` and `path`. */
export function layout(nodes) {
  const places = new Map()
  const rings = []
  const groups = ringsOf(nodes.filter((node) => node.path !== 'self'))
  let radius = 0
  for (const node of nodes) if (node.path === 'self') places.set(node.id, { x: 0, y: 0, angle: TURN / 4, size: 14, ring: 'self' })
  for (const name of Object.keys(DENSITIES)) {
    if (!groups[name]) continue
    const inner = radius ? radius + GAP : (name === 'few' ? 2.4 : 1.5) * GAP
    rings.push((name === 'relayed' ? placeByRelay : place)(name, groups[name], inner, places))
    radius = rings.at(-1).outer
  }
  return { places, rings, radius: Math.max(radius, GAP) + 46 }
}
