# SPDX-License-Identifier: Apache-2.0
"""A bench for rotad: real mongods on free loopback ports, a stock writer, rotads, a webhook receiver; and the figures of a run.

nest     everything started below it ends with it        world    mongods of one replica set, asked as an independent client
pki      a CA and its certificates, by rotactl           writer   writes as a stock application does, and measures pauses
rotads   one rotad a member, and rotactl                 logs     what mongod itself logged about its restarts
hooksink a webhook receiver that checks signatures       show     progress lines, tables, checks
"""
