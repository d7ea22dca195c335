"""The generated code of klio.proto; `make proto` writes it again."""
