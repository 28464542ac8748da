#!/usr/bin/env python3
"""Make the seeds of tests/fuzz/corpus/sif_read: small SIF files (table right
behind the header, few descriptors), one for each kind of object and layout.

    tests/fuzz/mkseeds_sif_read.py FOLDER"""
import os
import struct
import sys

HEADER = struct.Struct('<32s10s3s3s16s8q')
DESCR = struct.Struct('<iBIII7q128s384s')
GROUP = 0xF0000000


def part(fs, kind, arch=b'02'):
    return struct.pack('<ii3s', fs, kind, arch)


def obj(kind, data=b'data', **fields):
    return dict(dict(kind=kind, used=1, group=GROUP | 1, link=0, name=b'', extra=b'', data=data, time=1), **fields)


def sif(objects, capacity=None, arch=b'00', table=128, gap=0, launch=b'', data_offset=None):
    capacity = len(objects) if capacity is None else capacity
    start = at = table + capacity * DESCR.size + gap
    descrs, body = b'', b''
    for slot, o in enumerate(objects):
        if o['used']:
            descrs += DESCR.pack(o['kind'], o['used'], o.get('id', slot + 1), o['group'], o['link'], at,
                                 len(o['data']), len(o['data']), o['time'], o['time'], 0, 0, o['name'], o['extra'])
            body += o['data']
            at += len(o['data'])
        else:
            descrs += bytes(DESCR.size)
    free = capacity - sum(1 for o in objects if o['used'])
    header = HEADER.pack(launch, b'SIF_MAGIC', b'01', arch, bytes(range(16)), 1, 2, free, capacity, table,
                         capacity * DESCR.size, start if data_offset is None else data_offset, at - start)
    return (header + bytes(table - 128) + descrs.ljust(capacity * DESCR.size, b'\0') + bytes(gap) + body)


SEEDS = {
    'empty': sif([]),
    'room': sif([], capacity=2),
    'launch': sif([obj(0x4001, b'bootstrap: scratch\n')], launch=b'#!/usr/bin/env run-singularity\n'),
    'primary': sif([obj(0x4004, b'hsqs', extra=part(1, 2))], arch=b'02'),
    'system': sif([obj(0x4004, extra=part(1, 2)), obj(0x4004, extra=part(1, 1, b'04'))], arch=b'02', capacity=3),
    'other-arch': sif([obj(0x4004, extra=part(1, 2, b'amd'))], arch=b'02'),
    'overlay': sif([obj(0x4004, extra=part(1, 2)), obj(0x4004, extra=part(2, 4)), obj(0x4004, extra=part(9, 9))],
                   arch=b'02'),
    'signature': sif([obj(0x4007), obj(0x4005, b'-----BEGIN', group=GROUP, link=GROUP | 1,
                                        extra=struct.pack('<i20s', 1, b'f' * 20))]),
    'crypto': sif([obj(0x4008, extra=struct.pack('<ii', 1, 0x100))]),
    'sbom': sif([obj(0x4009, b'{}', extra=struct.pack('<i', 1))]),
    'oci': sif([obj(0x400b, b'{}', extra=b'sha256:' + b'0' * 64), obj(0x400a, b'{}', extra=b'sha256:' + b'f' * 64)]),
    'hole': sif([obj(0x4007, used=0), obj(0x4006, b'{}', name=b'n' * 128), obj(0x4003, b'{}')], capacity=4),
    'no-bytes': sif([obj(0x4007, b''), obj(0x4007, b'x')]),
    'unknown': sif([obj(0x7fff, used=2, link=77, extra=b'\xff' * 384)]),
    'far-table': sif([obj(0x4007)], table=300, gap=9),
    'other-ids': sif([obj(0x4007, id=2), obj(0x4007, id=1)], capacity=3),
    'data-offset': sif([obj(0x4007)], capacity=2, data_offset=1 << 40),
}

for name, raw in SEEDS.items():
    with open(os.path.join(sys.argv[1], name), 'wb') as f:
        f.write(raw)
