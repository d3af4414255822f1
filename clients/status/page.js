// SPDX-License-Identifier: Apache-2.0
// The status page: asks for /status.json again and again, hears of /events, and shows both.
import { Graph } from './graph.js'
import { pathText, showDetails, showEvent, showHead, showRaft, showTable, showTraffic } from './panels.js'
import { clock } from './text.js'

const EVERY_MS = 2000
const AT_FIRST_MS = 500	// the daemon gathers its nodes when somebody begins to look
const CHANGES_TOLD = 12	// of paths, at once

const $ = (id) => document.getElementById(id)

const graph = new Graph($('graph'), (id) => select(id))
let status = null	// the last answer, its nodes with all that is shown of them
let selected = null
let lost = null	// since when nobody answers

// ---- what the daemon says ----

/** Of two readings of a counter, which begins anew with its peer. */
const rateOf = (now, before, seconds) => before === undefined || now < before ? 0 : (now - before) / seconds

/** Puts beside each node what Raft says of it, and how much has passed since the answer before. */
function complete(answer, before) {
  const servers = new Map(answer.raft.servers.map((server) => [server.id, server]))
  const old = new Map(before?.nodes.map((node) => [node.id, node]))
  const seconds = before ? (answer.monotonic - before.monotonic) / 1000 : 0
  for (const node of answer.nodes) {
    const was = old.get(node.id)
    const { role = 'observer', ...seen } = servers.get(node.id) ?? {}
    Object.assign(node, seen, { id: node.id, role, rxRate: was?.rxRate ?? 0, txRate: was?.txRate ?? 0 })
    if (seconds <= 0) continue
    node.rxRate = rateOf(node.rx, was?.rx, seconds) || 0
    node.txRate = rateOf(node.tx, was?.tx, seconds) || 0
  }
  if (!before?.traffic.known || !answer.traffic.known || seconds <= 0) return null
  return { rx: rateOf(answer.traffic.rx, before.traffic.rx, seconds), tx: rateOf(answer.traffic.tx, before.traffic.tx, seconds) }
}

/** Sessions come and go without the daemon: they are told here. */
function tellPaths(answer, before) {
  const old = new Map(before.nodes.map((node) => [node.id, node]))
  const changed = answer.nodes.filter((node) => old.has(node.id) && old.get(node.id).path !== node.path)
  for (const node of changed.slice(0, CHANGES_TOLD))
    showEvent({ at: answer.now, kind: `path-${node.path}`, node: node.id, text: `is ${pathText({ ...node, silent: false })}, was ${old.get(node.id).path}` }, select)
  if (changed.length > CHANGES_TOLD)
    showEvent({ at: answer.now, kind: 'path-dormant', node: '', text: `${changed.length - CHANGES_TOLD} nodes more have another path` }, select)
}

function showTrouble() {
  const parts = []
  if (lost) parts.push(`The daemon does not answer since ${clock(lost)}: this is how it was.`)
  else if (status?.raft.trouble) parts.push(status.raft.trouble)
  if (!lost && status?.traffic.trouble) parts.push(status.traffic.trouble)
  $('trouble').textContent = parts.join(' · ')
  $('trouble').hidden = !parts.length
  document.body.classList.toggle('lost', Boolean(lost))
}

function show(rates) {
  showHead(status)
  showRaft(status, select)
  showTraffic(status, rates)
  showTrouble()
  graph.draw(status.nodes)
  showSelected()
  search()
}

async function ask() {
  try {
    const response = await fetch('status.json')
    if (!response.ok) throw new Error(await response.text())
    const answer = await response.json()
    const rates = complete(answer, status)
    if (status?.nodes.length) tellPaths(answer, status)
    status = answer
    lost = null
    show(rates)
  } catch (error) {
    lost ??= Date.now()
    showTrouble()
  }
  setTimeout(ask, status?.nodes.length ? EVERY_MS : AT_FIRST_MS)
}

function listen() {
  const source = new EventSource('events')
  source.onmessage = ({ data }) => showEvent(JSON.parse(data), select)
  source.onopen = () => { $('live').hidden = false }
  source.onerror = () => {
    $('live').hidden = source.readyState !== EventSource.CONNECTING
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, EVERY_MS)
  }
}

// ---- what the user does ----

function showSelected() {
  const node = status?.nodes.find(({ id }) => id === selected) ?? null
  showDetails(node, () => select(null))
  if (!$('table-view').hidden) drawTable()
}

function select(id) {
  selected = id
  graph.select(id)
  showSelected()
}

const matches = () => {
  const text = $('find').value.trim().toLowerCase()
  const fits = ({ id, ipv4 = '', ipv6 = '' }) => id.includes(text) || ipv4.startsWith(text) || ipv6.startsWith(text)
  return text ? (status?.nodes ?? []).filter(fits) : null
}

function drawTable() {
  showTable(matches() ?? status?.nodes ?? [], selected, select)
}

function search() {
  const found = matches()
  graph.highlight(found && new Set(found.map(({ id }) => id)))
}

function showView(table) {
  $('graph-view').hidden = table
  $('table-view').hidden = !table
  $('show-graph').setAttribute('aria-pressed', String(!table))
  $('show-table').setAttribute('aria-pressed', String(table))
  if (table) drawTable()
}

$('find').oninput = () => {
  search()
  if (!$('table-view').hidden) drawTable()
}
$('find').onkeydown = ({ key }) => {
  const first = matches()?.[0]
  if (key !== 'Enter' || !first) return
  select(first.id)
  graph.goTo(first.id)
}
$('show-graph').onclick = () => showView(false)
$('show-table').onclick = () => showView(true)
$('zoom-in').onclick = () => graph.zoom(1.5)
$('zoom-out').onclick = () => graph.zoom(1 / 1.5)
$('zoom-all').onclick = () => graph.zoomAll()

// ---- colours ----

const THEMES = { '': ['◐', 'as the system has them'], light: ['☀', 'light'], dark: ['☾', 'dark'] }

function showTheme(theme) {
  const [sign, text] = THEMES[theme]
  document.documentElement.dataset.theme = theme
  $('theme').textContent = sign
  $('theme').setAttribute('aria-label', `Colours: ${text}`)
  $('theme').title = `Colours: ${text}`
}

$('theme').onclick = () => {
  const names = Object.keys(THEMES)
  const next = names[(names.indexOf(document.documentElement.dataset.theme) + 1) % names.length]
  localStorage.setItem('theme', next)
  showTheme(next)
}
showTheme(localStorage.getItem('theme') in THEMES ? localStorage.getItem('theme') : '')

ask()
listen()
