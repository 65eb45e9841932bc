module github.com/didomi/serverless-api/sandbox/provider/build

go 1.26.0
