// SPDX-License-Identifier: Apache-2.0
// server.js PROTO-FOLDER ADDRESS IDENTITY: what wgmeshd is measured beside. v1.Node.GetStatus and v1.Mesh.GetNode, with
// the answers that come on standard input, {"status": …, "node": …}; mutual TLS with the CA and the certificate of the
// folder IDENTITY. Says "ready" when it listens.
'use strict';

const fs = require('fs');
const path = require('path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const OPTIONS = { keepCase: true, longs: Number, enums: String, defaults: true, bytes: String };

function load(folder) {
	const files = ['v1/node.proto', 'v1/mesh.proto'];
	return grpc.loadPackageDefinition(loader.loadSync(files, { includeDirs: [folder], ...OPTIONS })).v1;
}

function notImplemented(call, callback) {
	callback({ code: grpc.status.UNIMPLEMENTED, details: 'not measured' });
}

function getNode(nodes) {
	return (call, callback) => {
		const node = nodes.get(call.request.id);
		if (node) {
			callback(null, node);
		} else {
			callback({ code: grpc.status.NOT_FOUND, details: `no node ${call.request.id}` });
		}
	};
}

function credentials(folder) {
	const own = fs.readFileSync(path.join(folder, 'node.pem'));	// key and certificate
	return grpc.ServerCredentials.createSsl(fs.readFileSync(path.join(folder, 'ca.pem')),
		[{ private_key: own, cert_chain: own }], true);
}

function main([protos, address, identity]) {
	const answers = JSON.parse(fs.readFileSync(0));
	const nodes = new Map([[answers.node.id, answers.node]]);
	const v1 = load(protos);
	const server = new grpc.Server();
	server.addService(v1.Node.service, { GetStatus: (call, callback) => callback(null, answers.status),
		Join: notImplemented, Leave: notImplemented });
	server.addService(v1.Mesh.service, { GetNode: getNode(nodes), ListNodes: notImplemented });
	server.bindAsync(address, credentials(identity), (error) => {
		if (error) {
			throw error;
		}
		process.stdout.write('ready\n');
	});
}

main(process.argv.slice(2));
