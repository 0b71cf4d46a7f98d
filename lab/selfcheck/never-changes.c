// A reproducer that shows the old behaviour, whatever is loaded.
int main(void)
{
	return 1;
}
