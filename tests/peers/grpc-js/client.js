// SPDX-License-Identifier: Apache-2.0
// client.js [PROTO-FOLDER]: a gRPC client that has nothing in common with the project but the .proto
// files; without them it learns by `reflect` what there is. Commands come on standard input, answers go to standard output, one JSON object per line:
//
//   {id, op: "call", to, path, request | raw, deadline?, cancel?, metadata?}  -> {id, code, details, reply}
//   {id, op: "open", to, path, request, deadline?}   a server's stream; its messages follow as
//                                                    {id, message}, its end as {id, code, details}
//   {id, op: "bidi", to, path, deadline?, metadata?}   a stream both ways; its messages and its end as above
//   {id, op: "send", request}   {id, op: "end"}      a message on it; its half is closed
//   {id, op: "reflect", to, version}                asks the server for its API -> reply {services, files},
//                                                    and knows its methods from then on
//   {id, op: "cancel"}                               ends the call or stream `id`
//   {id, op: "forget", to}                           closes the connection of calls to `to`
//
// `to` is {address, ca, cert?, key?} with paths of PEM files; calls with an equal `to` share one
// connection. `raw` is base64, sent as it is. `deadline` and `cancel` are milliseconds.
'use strict';

const fs = require('fs');
const readline = require('readline');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');
const { Reader, Writer } = require('protobufjs');

const SERVER_NAME = 'wgmesh.internal';	// what a daemon's certificate is made out to
const FILES = ['v1/node.proto', 'v1/mesh.proto', 'v1/admin.proto', 'v1/peer_discovery.proto', 'v1/webrtc.proto',
	'grpc/health/v1/health.proto',
	'ext/v1/admins.proto', 'ext/v1/authority.proto', 'ext/v1/cluster.proto',
	'ext/v1/enrollment.proto', 'ext/v1/nodes.proto', 'ext/v1/replication.proto', 'ext/v1/servers.proto',
	'ext/v1/tokens.proto'];

const methods = new Map();
const clients = new Map();
const calls = new Map();

const OPTIONS = { keepCase: true, longs: Number, enums: String, defaults: true, bytes: String };

function learn(definition) {
	for (const service of Object.values(definition)) {
		for (const method of Object.values(service)) {
			if (method && method.path) {
				methods.set(method.path, method);
			}
		}
	}
}

function load(folder) {
	learn(loader.loadSync(FILES, { includeDirs: [folder], ...OPTIONS }));
}

function say(object) {
	process.stdout.write(JSON.stringify(object) + '\n');
}

function read(path) {
	return path ? fs.readFileSync(path) : null;
}

function clientOf(to) {
	const name = JSON.stringify(to);
	if (!clients.has(name)) {
		const credentials = to.ca
			? grpc.credentials.createSsl(read(to.ca), read(to.key), read(to.cert))
			: grpc.credentials.createInsecure();
		clients.set(name, new grpc.Client(to.address, credentials, {
			'grpc.ssl_target_name_override': SERVER_NAME,
			'grpc.default_authority': SERVER_NAME,
			'grpc.enable_retries': 0,
			'grpc.use_local_subchannel_pool': 1,
		}));
	}
	return clients.get(name);
}

function forget(to) {
	const name = JSON.stringify(to);
	if (clients.has(name)) {
		clients.get(name).close();
		clients.delete(name);
	}
}

function options(command) {
	return command.deadline ? { deadline: Date.now() + command.deadline } : {};
}

// Bytes go as they are; everything else as the .proto files say.
function serializer(command) {
	if (command.raw !== undefined) {
		return () => Buffer.from(command.raw, 'base64');
	}
	const method = methods.get(command.path);
	return (request) => method.requestSerialize(request);
}

function deserializer(command) {
	const method = methods.get(command.path);
	return method ? (bytes) => method.responseDeserialize(bytes) : (bytes) => ({ bytes: bytes.length });
}

function metadataOf(command) {
	const metadata = new grpc.Metadata();
	for (const [key, value] of Object.entries(command.metadata || {})) {
		metadata.set(key, value);
	}
	return metadata;
}

function unary(command) {
	const call = clientOf(command.to).makeUnaryRequest(command.path, serializer(command),
		deserializer(command), command.request || {}, metadataOf(command), options(command),
		(error, reply) => {
			calls.delete(command.id);
			say({ id: command.id, code: error ? grpc.status[error.code] : 'OK',
				details: error ? error.details : '', reply: reply || null });
		});
	calls.set(command.id, call);
	if (command.cancel !== undefined) {
		setTimeout(() => call.cancel(), command.cancel);
	}
}

// What comes from a stream, and its end.
function listen(command, call) {
	calls.set(command.id, call);
	call.on('data', (message) => say({ id: command.id, message }));
	call.on('error', () => {});	// `status` tells it too
	call.on('status', (status) => {
		calls.delete(command.id);
		say({ id: command.id, code: grpc.status[status.code], details: status.details });
	});
}

function bidi(command) {
	listen(command, clientOf(command.to).makeBidiStreamRequest(command.path, serializer(command),
		deserializer(command), metadataOf(command), options(command)));
}

function open(command) {
	listen(command, clientOf(command.to).makeServerStreamRequest(command.path, serializer(command),
		deserializer(command), command.request || {}, new grpc.Metadata(), options(command)));
}

// ---- reflection, of which the numbers of the fields are all that is known ----

function question(field, text) {
	return Buffer.from(new Writer().uint32(field << 3 | 2).string(text).finish());
}

// {field number: [bytes, …]} of what is neither a number nor nested deeper.
function fields(bytes) {
	const reader = Reader.create(bytes);
	const found = {};
	while (reader.pos < reader.len) {
		const tag = reader.uint32();
		if ((tag & 7) === 2) {
			(found[tag >>> 3] = found[tag >>> 3] || []).push(reader.bytes());
		} else {
			found[tag >>> 3] = reader.uint32();
		}
	}
	return found;
}

// Each answer brings the next question, as tools do it.
function reflect(command) {
	const path = `/grpc.reflection.${command.version}.ServerReflection/ServerReflectionInfo`;
	const call = clientOf(command.to).makeBidiStreamRequest(path, (b) => b, (b) => b,
		new grpc.Metadata(), options(command));
	const files = new Map();
	const errors = [];
	let services = [];
	let open = 0;
	const ask = (field, text) => { open += 1; call.write(question(field, text)); };
	call.on('data', (bytes) => {
		const answer = fields(bytes);
		for (const one of (answer[6] ? fields(answer[6][0])[1] : [])) {
			services.push(Buffer.from(fields(one)[1][0]).toString());
			ask(4, services[services.length - 1]);
		}
		for (const file of (answer[4] ? fields(answer[4][0])[1] : [])) {
			files.set(Buffer.from(fields(file)[1][0]).toString(), file);
		}
		if (answer[7]) {
			const error = fields(answer[7][0]);
			errors.push([error[1], Buffer.from(error[2][0]).toString()]);
		}
		open -= 1;
		if (open === 0) {
			call.end();
		}
	});
	call.on('error', () => {});
	call.on('status', (status) => {
		const set = new Writer();
		files.forEach((file) => set.uint32(10).bytes(file));
		learn(loader.loadFileDescriptorSetFromBuffer(Buffer.from(set.finish()), OPTIONS));
		say({ id: command.id, code: grpc.status[status.code], details: status.details,
			reply: { services: services.sort(), files: [...files.keys()].sort(), errors } });
	});
	ask(7, '*');
	for (const [field, text] of command.questions || []) {
		ask(field, text);
	}
}

const operations = {
	reflect,
	call: unary,
	open,
	bidi,
	send: (command) => { if (calls.has(command.id)) { calls.get(command.id).write(command.request); } },
	end: (command) => { if (calls.has(command.id)) { calls.get(command.id).end(); } },
	cancel: (command) => { if (calls.has(command.id)) { calls.get(command.id).cancel(); } },
	forget: (command) => forget(command.to),
};

if (process.argv[2]) {
	load(process.argv[2]);
}
readline.createInterface({ input: process.stdin })
	.on('line', (line) => {
		const command = JSON.parse(line);
		try {
			operations[command.op](command);
		} catch (error) {
			say({ id: command.id, code: 'CLIENT', details: String(error), reply: null });
		}
	})
	.on('close', () => process.exit(0));
