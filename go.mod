module fokker

go 1.26
