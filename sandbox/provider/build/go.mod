module github.com/didomi/serverless-api/sandbox/provider/build

go 1.26.6

require github.com/didomi/serverless-api/sandbox v0.0.0

replace github.com/didomi/serverless-api/sandbox => ../..
