module notices_peer

go 1.21
