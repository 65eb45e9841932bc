module gocloud.dev/secrets/hashivault

go 1.25

require gocloud.dev v0.46.0
