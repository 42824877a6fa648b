// SPDX-License-Identifier: Apache-2.0
module notices_peer

go 1.21
